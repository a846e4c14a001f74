/**
 * What talk, chat and file have in common: the server they speak to (the service, or the local Live
 * server in this process), the setup, and the session on top.
 */
import { toEndpoint, toRestEndpoint } from '../config/endpoint.ts';
import { toSetup, type SetupExtras } from '../config/setup.ts';
import type { LiveServer } from '../server/server.ts';
import { LiveSession } from '../live/session.ts';
import type { CommandContext } from './context.ts';
import { openDoor, type Door } from './door.ts';
import { LastSession, type PastSession } from './lastSession.ts';

/** What the local server listens and speaks with. */
export type EngineNames = Awaited<LiveServer['engines']>;

/** Where sessions of one command are opened. `engines` are the local server's, named for the user. */
export type LivePlace = Door & {
  engines: Promise<EngineNames | undefined>;
  /** What the local server's engines fail at is told to `tell` from now on; before that it is a warning. */
  onEngineFault(tell: (message: string) => void): void;
  close(): Promise<void>;
};

const DAY_SECONDS = 86_400;
const ENGINE_FAULT = /^the (?:recogniser|brain|voice) failed/;

export async function openPlace(context: CommandContext): Promise<LivePlace> {
  const { settings, childEnv, stderr } = context;
  if (!settings.local) {
    return {
      ...openDoor(context),
      engines: Promise.resolve(undefined),
      onEngineFault: () => {},
      close: async () => {},
    };
  }
  let tell = (message: string): void => context.warn({ code: 'engine_failed', message });
  let told = '';
  const { startLiveServer } = await import('../server/server.ts');
  const server = await startLiveServer({
    port: 0,
    environment: childEnv,
    // A server of the user's own has no reason to cut a conversation.
    goAwaySeconds: DAY_SECONDS,
    sessionLimitSeconds: DAY_SECONDS,
    ...(settings.stt !== undefined && { stt: settings.stt }),
    ...(settings.llm !== undefined && { llm: settings.llm }),
    ...(settings.tts !== undefined && { tts: settings.tts }),
    onEvent: (event) => {
      // What else it has to say is about the client, which finds out by itself.
      if (event.type !== 'fault' || !ENGINE_FAULT.test(event.message)) return;
      // A voice fails at every sentence: once is enough.
      if (event.message !== told) tell(event.message);
      told = event.message;
    },
  });
  if (settings.debug) {
    server.engines.then(
      ({ ears, brain, voice }) =>
        stderr.write(`debug: engines: ears ${ears}, brain ${brain}, voice ${voice}\n`),
      () => {}, // closed before they were found
    );
  }
  const here = { baseUrl: server.url, apiVersion: settings.apiVersion };
  const endpoint = toEndpoint(here, {});
  return {
    url: endpoint.url,
    endpoint,
    restEndpoint: async () => toRestEndpoint(here, {}),
    engines: server.engines,
    onEngineFault: (listener) => {
      tell = listener;
    },
    close: () => server.close(),
  };
}

export type SessionExtras = {
  watches?: boolean;
  /** What `--continue` goes on with. */
  past?: PastSession | undefined;
  /** Where its states are kept. */
  last?: LastSession | undefined;
};

/** What is kept of the last session at this place, and the session itself for `--continue`. */
export async function lastSession(
  context: CommandContext,
  { url }: LivePlace,
): Promise<{ last: LastSession | undefined; past: PastSession | undefined }> {
  const { settings } = context;
  const last = await LastSession.open(context, settings.local ? 'local' : url);
  return { last, past: settings.continue ? await last?.find() : undefined };
}

export function newSession(
  context: CommandContext,
  place: LivePlace,
  extras: SetupExtras = {},
  { watches = false, past, last }: SessionExtras = {},
): LiveSession {
  const { settings, resolved } = context;
  return new LiveSession({
    endpoint: place.endpoint,
    setup: toSetup(settings, resolved.profile, extras),
    profile: resolved.profile,
    timeoutMs: settings.timeoutSeconds * 1000,
    resumes: settings.resume && extras.once !== true,
    watches,
    detects: true,
    ...(past && { past }),
    ...(last && {
      // What was spoken is more than its words.
      onResumable: (handle, lines) => last.keep({ handle, lines, isWhole: false }),
    }),
  });
}
