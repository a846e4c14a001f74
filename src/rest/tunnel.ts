/** Connections through a proxy (CONNECT), and with certificates of one's own: for WebSocket and for HTTP. */
import type { ClientRequest } from 'node:http';
import { Agent } from 'node:https';
import { rootCertificates } from 'node:tls';
import type { AgentConnectOpts } from 'agent-base';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { EXIT } from '../errors.ts';
import { ConnectionError } from '../live/networkErrors.ts';

export type TunnelOptions = { proxy: URL | undefined; certificates: readonly string[] | undefined };

export function agentThrough({ proxy, certificates }: TunnelOptions): Agent {
  const options = certificates === undefined ? {} : { ca: [...rootCertificates, ...certificates] };
  return proxy ? new Tunnel(proxy, options) : new Agent(options);
}

/** Every failure on this side of the target is a {@link ConnectionError} that names the proxy, and no password. */
class Tunnel extends HttpsProxyAgent<string> {
  /** The last one: for callers whose HTTP library keeps nothing but its words. */
  failure: ConnectionError | undefined;
  readonly #host: string;
  readonly #ca: { ca?: string[] };

  constructor(proxy: URL, ca: { ca?: string[] }) {
    const { username, password } = proxy;
    const bare = new URL(proxy);
    bare.username = bare.password = '';
    const login = Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64');
    // In a header and not in the URL: the library writes that one to its log.
    const headers = username + password === '' ? {} : { 'proxy-authorization': `Basic ${login}` };
    super(bare.href, { headers, ...ca });
    this.#host = proxy.host;
    this.#ca = ca;
  }

  override async connect(
    request: ClientRequest,
    options: AgentConnectOpts,
  ): ReturnType<HttpsProxyAgent<string>['connect']> {
    let status = 0;
    request.once('proxyConnect', (answer: { statusCode: number }) => (status = answer.statusCode));
    let socket;
    try {
      socket = await super.connect(request, { ...options, ...this.#ca });
    } catch (error) {
      this.failure = unreachable(this.#host, error as Error);
      throw this.failure;
    }
    if (status === 200) return socket;
    socket.destroy();
    this.failure = refused(this.#host, options.host ?? '', status);
    throw this.failure;
  }
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
