/** Which doors the service has for Live sessions, and who may knock at this server at all. */
import type { IncomingMessage } from 'node:http';
import { usageError } from '../errors.ts';

export type Door = {
  /** As in the path: `v1beta`. */
  apiVersion: string;
  vertex: boolean;
  /** The one that ephemeral tokens open. */
  constrained: boolean;
};

/** The official SDK sends a double slash; any version is let in. */
const DOORS: readonly { path: RegExp; vertex: boolean }[] = [
  {
    path: /^\/+ws\/google\.ai\.generativelanguage\.(v\d\w*)\.GenerativeService\.BidiGenerateContent(Constrained)?$/,
    vertex: false,
  },
  {
    path: /^\/+ws\/google\.cloud\.aiplatform\.(v\d\w*)\.LlmBidiService\/BidiGenerateContent$/,
    vertex: true,
  },
  // Firebase AI Logic, which stands before either API.
  {
    path: /^\/+ws\/google\.firebase\.vertexai\.(v\d\w*)\.GenerativeService\/BidiGenerateContent$/,
    vertex: false,
  },
  {
    path: /^\/+ws\/google\.firebase\.vertexai\.(v\d\w*)\.LlmBidiService\/BidiGenerateContent\/locations\/[\w-]+$/,
    vertex: true,
  },
];

export function doorOf(url: string): Door | undefined {
  const [path = ''] = url.split('?');
  for (const { path: pattern, vertex } of DOORS) {
    const [found, apiVersion, constrained] = pattern.exec(path) ?? [];
    if (found !== undefined && apiVersion !== undefined)
      return { apiVersion, vertex, constrained: constrained !== undefined };
  }
  return undefined;
}

export type AccessOptions = {
  /** The address that is listened on. Default 127.0.0.1. */
  host?: string | undefined;
  /** Web pages of other places that may talk to this server: `https://app.example`, `null`, or `*`. */
  allowOrigins?: readonly string[] | undefined;
  /** Other names that this server is reached by: `voice.example`. */
  allowHosts?: readonly string[] | undefined;
  key?: string | undefined;
};

const LOOPBACK = /^(localhost|127(?:\.\d{1,3}){3}|\[::1\]|::1)$/i;
const HOST_NAME = /^(?:[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9])?|\[[0-9a-f:.]+\])$/i;

/**
 * A web page of somewhere else must not talk to this server through the user's browser: not with its own
 * `Origin`, and not by a name that was made to point here.
 */
export class Access {
  readonly #host: string;
  readonly #origins: ReadonlySet<string>;
  readonly #hosts: ReadonlySet<string>;

  /** @throws GemliveError (exit 2) for what is no origin or host, or would open the server to every page. */
  constructor({ host = '127.0.0.1', allowOrigins = [], allowHosts = [], key }: AccessOptions) {
    this.#host = host.toLowerCase();
    this.#origins = new Set(allowOrigins.map(readOrigin));
    this.#hosts = new Set(allowHosts.map(readHost));
    if (this.#origins.has('*') && key === undefined) {
      throw usageError(
        '--allow-origin "*" lets every web page that is opened on this machine use the server',
        'require a key with --key, or name the origins',
      );
    }
  }

  isForeign({ headers }: IncomingMessage): boolean {
    const { origin } = headers;
    if (origin !== undefined && !this.#takesOrigin(origin)) return true;
    const name = (headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
    // Bound to every address, the server cannot know all of its names; numbers cannot be rebound.
    const anyAddress = this.#host === '0.0.0.0' || this.#host === '::';
    if (anyAddress && /^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:]+\])$/i.test(name)) return false;
    return !this.#isHere(name) && !this.#hosts.has(name);
  }

  #takesOrigin(origin: string): boolean {
    if (this.#origins.has('*') || this.#origins.has(origin.toLowerCase())) return true;
    return URL.canParse(origin) && this.#isHere(new URL(origin).hostname);
  }

  #isHere(name: string): boolean {
    return LOOPBACK.test(name) || name.toLowerCase() === this.#host;
  }
}

/** As browsers send it: no path, no default port, in lower case. */
function readOrigin(text: string): string {
  if (text === '*' || text === 'null') return text;
  const origin = text.toLowerCase().replace(/\/$/, '');
  if (/^https?:/.test(origin) && URL.canParse(origin) && new URL(origin).pathname === '/') {
    const { protocol, host, hostname, username, search, hash } = new URL(origin);
    if (username + search + hash === '' && HOST_NAME.test(hostname)) return `${protocol}//${host}`;
  }
  // Of browser extensions and the like: `URL` knows no origin of theirs.
  if (!/^https?:/.test(origin) && /^[a-z][a-z0-9+.-]*:\/\/[\w.-]+$/.test(origin)) return origin;
  throw usageError(
    `--allow-origin does not take ${JSON.stringify(text.slice(0, 100))}`,
    'an origin is a scheme, a host and maybe a port: https://app.example, http://192.168.1.5:3000',
  );
}

function readHost(text: string): string {
  if (HOST_NAME.test(text)) return text.toLowerCase();
  throw usageError(
    `--allow-host does not take ${JSON.stringify(text.slice(0, 100))}`,
    'the name alone, without scheme or port: voice.example',
  );
}
