/**
 * The local Live server: the wire protocol of the service on a socket of this machine. No key, no network.
 *
 * As the service does, it accepts every upgrade on a known path and refuses by close frame afterwards; what
 * comes from a foreign web page never gets that far.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { EXIT, GemliveError } from '../errors.ts';
import { createSpeechDetector } from '../audio/speechDetector.ts';
import { admissionOf } from './admission.ts';
import { Access, doorOf } from './doors.ts';
import { findEngines, type EngineChoice, type Engines } from './engines/find.ts';
import { Resumption } from './resumption.ts';
import { notFound } from './rest/errors.ts';
import { foreign, Rest } from './rest/http.ts';
import { createHttpServer, isWebSocket, readWithoutOffer, refuse } from './rest/httpServer.ts';
import { TokenStore } from './rest/tokenStore.ts';
import { Ledger } from './script/ledger.ts';
import { openStage } from './script/openStage.ts';
import type { Script } from './script/script.ts';
import type { LiveFrame, SeenFrame } from './script/seen.ts';
import type { Stage } from './script/stage.ts';
import { Session } from './session.ts';

export type LiveServerEvent =
  | {
      type: 'session';
      id: number;
      state: 'open' | 'ready' | 'closed';
      model?: string;
      code?: number;
      reason?: string;
    }
  /** What a client did wrong, or what broke. `id` 0: no session's, but the server's or of plain HTTP. `line`: of the script. */
  | { type: 'fault'; id: number; message: string; line?: number };

export type { LiveFrame, Script, SeenFrame };

export type LiveServerOptions = EngineChoice & {
  /** 0, the default: any free one. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Required of every client when set. */
  key?: string;
  /** Web pages of other places that may talk to this server: `https://app.example`; `*` with a key only. */
  allowOrigins?: readonly string[];
  /** Other names that this server is reached by: `voice.example`. */
  allowHosts?: readonly string[];
  /** So many sessions at a time; who comes then is told `RESOURCE_EXHAUSTED`. Default 10,000. */
  maxSessions?: number;
  /** Who is silent for so long after the upgrade is cut; seconds. Default 60. */
  setupTimeoutSeconds?: number;
  /** Models that the service has shut down answer too. */
  allowRetired?: boolean;
  /** When a connection is so old it is sent `goAway`, and soon after cut; seconds. Default 570. */
  goAwaySeconds?: number;
  /** A session without compression lives so long, over all of its connections; seconds. Default 900. */
  sessionLimitSeconds?: number;
  /** What is answered, and what goes wrong: an object; a path or a file URL; or, with a line break, the text. */
  script?: Script | string | URL;
  /** The path of a file that gets every frame as NDJSON; what it held is replaced. */
  log?: string;
  /** `frames` of the server has what clients send. Default: with a script. */
  keepFrames?: boolean;
  /** Every frame, when it comes or goes. */
  onFrame?: (frame: LiveFrame) => void;
  onEvent?: (event: LiveServerEvent) => void;
  now?: () => Date;
};

export type LiveServer = {
  /** `http://127.0.0.1:8787`: what clients take as base URL. */
  readonly url: string;
  readonly port: number;
  /** What listens, thinks and speaks, once it has been found. */
  readonly engines: Promise<{ ears: string; brain: string; voice: string }>;
  /** The last 1000 frames that clients sent; sound in a row is one, without its bytes. Empty without `keepFrames`. */
  readonly frames: readonly SeenFrame[];
  /**
   * Rejects with an Error that lists every fault, every step of the script that was not met and every
   * session that is still open after `withinMs` (default 1000).
   */
  assertComplete(options?: { withinMs?: number }): Promise<void>;
  /** Ends all sessions with 1001. Idempotent. */
  close(): Promise<void>;
};

const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;
const CLOSE_TIMEOUT_MS = 500;
const MAX_SESSIONS = 10_000;
/** Connections that are not sessions: requests, and who is being refused. */
const OTHER_CONNECTIONS = 1_000;
const SETUP_TIMEOUT_SECONDS = 60;

const ASSERT_WITHIN_MS = 1000;

/**
 * @throws GemliveError (exit 2): the port is taken, an engine that was asked for is not here, what is given
 * as a script is none, or the log cannot be written. (exit 8): the script is missing or unreadable.
 */
export async function startLiveServer(given: LiveServerOptions = {}): Promise<LiveServer> {
  const ledger = new Ledger();
  const options: LiveServerOptions = {
    ...given,
    onEvent: (event) => {
      if (event.type === 'fault') ledger.fault(event.id, event.message);
      given.onEvent?.(event);
    },
  };
  const stage = await openStage(options, (message) =>
    options.onEvent?.({ type: 'fault', id: 0, message }),
  );
  const { onEvent = () => {}, now = () => new Date(), key } = options;
  const access = new Access(options);
  const tokens = new TokenStore(now);
  const abort = new AbortController();
  const engines = findEngines(options, abort.signal);
  const [warm] = await Promise.all([
    createSpeechDetector(),
    // An engine by name is promised; one that happens to be there is not worth waiting for.
    options.stt === undefined ? undefined : engines.ears,
    options.llm === undefined ? undefined : engines.brain,
    options.tts === undefined ? undefined : engines.voice,
  ]);
  warm.close();
  const http = createHttpServer(
    new Rest({
      access,
      key,
      allowRetired: options.allowRetired ?? false,
      tokens,
      engines,
      now,
      onFault: (message) => onEvent({ type: 'fault', id: 0, message }),
    }),
  );
  http.maxConnections = (options.maxSessions ?? MAX_SESSIONS) + OTHER_CONNECTIONS;
  const { host, port } = await listen(http, options);
  stage?.begin();
  const closeSessions = acceptSessions(http, options, { engines, access, tokens, ledger, stage });
  const names = Promise.all([engines.ears, engines.brain, engines.voice]).then(
    ([ears, brain, voice]) => ({
      ears: ears?.name ?? 'none',
      brain: brain.name,
      voice: voice.name,
    }),
  );
  names.catch(() => {}); // closed before they were found
  let closing: Promise<void> | undefined;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    engines: names,
    get frames() {
      return stage?.frames ?? [];
    },
    assertComplete: ({ withinMs = ASSERT_WITHIN_MS } = {}) =>
      ledger.assertComplete(withinMs, async () => (await stage?.unmet()) ?? []),
    close: () => {
      closing ??= (async () => {
        abort.abort(new Error('the server is closing'));
        await closeSessions();
        http.closeAllConnections();
        await new Promise((resolve) => http.close(resolve));
        await stage?.close();
      })();
      return closing;
    },
  };
}

async function listen(
  http: Server,
  { port = 0, host = '127.0.0.1' }: LiveServerOptions,
): Promise<{ host: string; port: number }> {
  await new Promise<void>((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
    http.listen(port, host, () => resolve());
  });
  http.removeAllListeners('error');
  http.on('error', () => {});
  return { host, port: (http.address() as AddressInfo).port };
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): GemliveError {
  const taken = error.code === 'EADDRINUSE';
  return new GemliveError(
    taken
      ? `port ${port} of ${host} is in use`
      : `cannot listen on ${host}:${port}: ${error.message}`,
    {
      code: 'port_in_use',
      exitCode: EXIT.usage,
      hint: taken ? 'choose another: --port 0 takes any free one' : 'check --host and --port',
      cause: error,
    },
  );
}

type Backstage = {
  engines: Engines;
  access: Access;
  tokens: TokenStore;
  ledger: Ledger;
  stage: Stage | undefined;
};

/** Returns the way to end all sessions. */
function acceptSessions(
  http: Server,
  options: LiveServerOptions,
  { engines, access, tokens, ledger, stage }: Backstage,
): () => Promise<void> {
  const { onEvent = () => {}, now = () => new Date(), maxSessions = MAX_SESSIONS } = options;
  const setupTimeoutSeconds = options.setupTimeoutSeconds ?? SETUP_TIMEOUT_SECONDS;
  const sessions = new Set<Pick<Session, 'close'>>();
  const resumption = new Resumption(now);
  const wss = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_PAYLOAD_BYTES,
    skipUTF8Validation: true, // a bad frame is refused in words, not by the socket
  });
  let count = 0;
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (!isWebSocket(request)) return readWithoutOffer(http, request, socket, head);
    socket.on('error', () => {});
    const door = doorOf(request.url ?? '');
    if (access.isForeign(request)) return refuse(socket, foreign());
    if (!door) return refuse(socket, notFound());
    wss.handleUpgrade(request, socket, head, (ws) => {
      if (sessions.size >= maxSessions) {
        onEvent({ type: 'fault', id: 0, message: `refused: ${maxSessions} sessions are open` });
        ws.on('error', () => {});
        ws.close(1011, 'RESOURCE_EXHAUSTED');
        return;
      }
      count += 1;
      const id = count;
      onEvent({ type: 'session', id, state: 'open' });
      const own = {
        id,
        admission: admissionOf(request, door.constrained, { key: options.key, tokens }),
        onReady: (model: string) => {
          clearTimeout(silent);
          onEvent({ type: 'session', id, state: 'ready', model });
        },
        onFault: (message: string) => onEvent({ type: 'fault', id, message }),
      };
      const staged = stage?.receive(ws, {
        ...own,
        url: request.url ?? '',
        voice: engines.voice,
        onFault: (words, place) => {
          const message = place ? `${place.where}: ${words}` : words;
          const line = place?.line;
          onEvent({ type: 'fault', id, message, ...(line !== undefined && { line }) });
        },
      });
      const session =
        staged?.player ??
        new Session(staged?.wire.asSocket() ?? ws, {
          ...own,
          ...door,
          allowRetired: options.allowRetired ?? false,
          engines,
          resumption,
          limits: options,
          now,
        });
      const silent = setTimeout(() => {
        onEvent({ type: 'fault', id, message: `no setup within ${setupTimeoutSeconds} s` });
        session.close(1008, 'The operation was aborted.');
      }, setupTimeoutSeconds * 1000);
      silent.unref();
      sessions.add(session);
      ledger.opened(id, () => !staged?.wire.isBroken);
      ws.on('close', (code, reason) => {
        clearTimeout(silent);
        sessions.delete(session);
        ledger.closed(id);
        onEvent({ type: 'session', id, state: 'closed', code, reason: reason.toString('utf8') });
      });
    });
  });
  return async () => {
    for (const session of sessions) session.close(1001, 'going away');
    const gone = Promise.all(
      [...wss.clients].map((client) => new Promise((resolve) => client.once('close', resolve))),
    );
    const timer = setTimeout(() => {
      for (const client of wss.clients) client.terminate();
    }, CLOSE_TIMEOUT_MS);
    await gone;
    clearTimeout(timer);
  };
}
