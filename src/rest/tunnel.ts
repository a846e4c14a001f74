/** Connections through a proxy (CONNECT), and with certificates of one's own: for WebSocket and for HTTP. */
import { request as httpRequest, type ClientRequest } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { connect, rootCertificates, type ConnectionOptions } from 'node:tls';
import { Agent as AsyncAgent, type AgentConnectOpts } from 'agent-base';
import { EXIT } from '../errors.ts';
import { ConnectionError } from '../live/networkErrors.ts';

/** Of the CONNECT alone. */
const PROXY_TIMEOUT_MS = 30_000;

export type TunnelOptions = { proxy: URL | undefined; certificates: readonly string[] | undefined };

export function agentThrough({ proxy, certificates }: TunnelOptions): Agent {
  const options = certificates === undefined ? {} : { ca: [...rootCertificates, ...certificates] };
  return proxy ? new Tunnel(proxy, options) : new Agent(options);
}

/** Every failure on this side of the target is a {@link ConnectionError} that names the proxy, and no password. */
class Tunnel extends AsyncAgent {
  /** The last one: for callers whose HTTP library keeps nothing but its words. */
  failure: ConnectionError | undefined;
  readonly #proxy: URL;
  readonly #ca: { ca?: string[] };

  constructor(proxy: URL, ca: { ca?: string[] }) {
    super();
    this.#proxy = proxy;
    this.#ca = ca;
  }

  override async connect(_request: ClientRequest, options: AgentConnectOpts): Promise<Socket> {
    const { host = '', port } = options;
    try {
      const socket = await askProxy(this.#proxy, { host, port }, this.#ca);
      const { path: _path, ...rest } = options as ConnectionOptions;
      const servername = rest.servername ?? (isIP(host) ? '' : host);
      return connect({ ...rest, ...this.#ca, socket, servername });
    } catch (error) {
      this.failure = error as ConnectionError;
      throw error;
    }
  }
}

/**
 * A connection to `host` through a proxy, once that has agreed.
 *
 * @throws ConnectionError that names the proxy.
 */
export function askProxy(
  proxy: URL,
  { host, port }: { host: string; port: number },
  ca: { ca?: string[] },
): Promise<Socket> {
  const { protocol, hostname, port: proxyPort, username, password } = proxy;
  const target = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const login = Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64');
  const isEncrypted = protocol === 'https:';
  const asked = (isEncrypted ? httpsRequest : httpRequest)({
    method: 'CONNECT',
    host: hostname.replace(/^\[|\]$/g, ''),
    port: proxyPort === '' ? (isEncrypted ? 443 : 80) : Number(proxyPort),
    path: target,
    headers: {
      host: target,
      ...(username + password !== '' && { 'proxy-authorization': `Basic ${login}` }),
    },
    agent: false,
    timeout: PROXY_TIMEOUT_MS,
    ...ca,
  });
  return new Promise((resolve, reject) => {
    asked.on('connect', ({ statusCode = 0 }, socket: Socket, head) => {
      if (statusCode === 200) {
        socket.setTimeout(0);
        socket.ref();
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
        return;
      }
      socket.destroy();
      reject(refused(proxy.host, host, statusCode));
    });
    // Whoever asked may have gone, which a request without a socket does not tell: nobody waits for this one.
    asked.on('socket', (socket) => socket.unref());
    asked.on('timeout', () => asked.destroy(new Error('it is silent')));
    asked.on('error', (error) => reject(unreachable(proxy.host, error)));
    asked.end();
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a per cent sign that is meant as one
  }
}

const CHECK_HINT = 'check HTTPS_PROXY; hosts to be reached without a proxy go into NO_PROXY';

function unreachable(proxy: string, error: Error): ConnectionError {
  return new ConnectionError(`no connection to the proxy ${proxy}: ${error.message}`, 'server', {
    code: 'unreachable',
    exitCode: EXIT.network,
    why: 'the proxy of HTTPS_PROXY is not there, or does not answer as one',
    hint: CHECK_HINT,
    cause: error,
  });
}

function refused(proxy: string, target: string, status: number): ConnectionError {
  const isTrouble = status >= 500;
  const message = `the proxy ${proxy} does not connect to ${target} (HTTP ${status})`;
  return new ConnectionError(message, isTrouble ? 'server' : 'refusal', {
    code: 'unreachable',
    exitCode: EXIT.network,
    why: isTrouble
      ? 'it cannot reach that host itself'
      : status === 407
        ? 'it wants a user and a password, or others'
        : 'its rules do not allow it',
    hint:
      status === 407
        ? 'set HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT, with %40 for an @ in them'
        : CHECK_HINT,
  });
}
