/** Application default credentials, through Google's own library: it is loaded when it is asked, and not before. */
import type { Agent } from 'node:http';
import type { GoogleAuth } from 'google-auth-library';
import { EXIT, GemliveError } from '../errors.ts';
import { ConnectionError, socketError } from '../live/networkErrors.ts';

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
/** Of one request; it is tried again. */
const TIMEOUT_MS = 10_000;
const LOGIN = 'gcloud auth application-default login';

type AgentFor = (url: URL) => Agent;

export class GoogleLogin {
  readonly #agents: () => Promise<AgentFor>;
  /** That of the last request. */
  #agent: Agent | undefined;
  #auth: Promise<GoogleAuth> | undefined;

  /** `agents`: what opens connections to token servers. */
  constructor(agents: () => Promise<AgentFor>) {
    this.#agents = agents;
  }

  /**
   * The headers to show now: a token that is kept while it is good, and asked for anew after that.
   *
   * @throws ConnectionError: exit 3 there is no login or it is refused, 5 the token server cannot be reached.
   */
  async headers(): Promise<Record<string, string>> {
    try {
      this.#auth ??= this.#load();
      const auth = await this.#auth;
      return Object.fromEntries(await unwarned(() => auth.getRequestHeaders()));
    } catch (error) {
      // The login may have been mended before the next connection.
      this.#auth = undefined;
      throw failureOf(this.#agent) ?? loginError(error as Error);
    }
  }

  async #load(): Promise<GoogleAuth> {
    const [{ GoogleAuth }, agentFor] = await Promise.all([
      import('google-auth-library'),
      this.#agents(),
    ]);
    const agent = (url: URL): Agent => (this.#agent = agentFor(url));
    const transporterOptions = { agent, timeout: TIMEOUT_MS };
    return new GoogleAuth({ scopes: SCOPE, clientOptions: { transporterOptions } });
  }
}

/**
 * Outside of Google Cloud the library warns, through Node, that it found no metadata server: what that means to the
 * user is said by the error.
 */
async function unwarned<T>(work: () => Promise<T>): Promise<T> {
  const emitWarning = process.emitWarning.bind(process) as (...args: unknown[]) => void;
  process.emitWarning = (...args: unknown[]) => {
    if (!args.includes('MetadataLookupWarning')) emitWarning(...args);
  };
  try {
    return await work();
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** Of a tunnel: the library that sits on top hands on nothing of it but the words. */
function failureOf(agent: (Agent & { failure?: unknown }) | undefined): GemliveError | undefined {
  return agent?.failure instanceof ConnectionError ? agent.failure : undefined;
}

type Failure = Error & {
  code?: unknown;
  status?: number;
  response?: { status?: number; data?: unknown };
  config?: { url?: unknown };
};

function loginError(error: Failure): GemliveError {
  const status = error.response?.status ?? error.status;
  if (status !== undefined && status >= 500) {
    return new ConnectionError(`Google's token server answered with HTTP ${status}`, 'server', {
      code: 'connection_lost',
      exitCode: EXIT.network,
      hint: 'try again in a moment',
      cause: error,
    });
  }
  if (status !== undefined) {
    const message = `the Google login is refused: ${wordsIn(error)}`;
    return refusal('bad_key', message, 'it has expired, or was withdrawn', error);
  }
  // It was a request, and there is no answer.
  if (error.config !== undefined) {
    const cause = causes(error).find(({ code }) => typeof code === 'string') ?? error;
    return socketError(cause as Error & { code: string }, hostOf(error));
  }
  if (/Could not load the default credentials/i.test(error.message)) {
    const why = 'neither GOOGLE_APPLICATION_CREDENTIALS nor a login of gcloud was found';
    return refusal('no_key', 'there are no Google credentials on this machine', why, error);
  }
  return refusal('bad_key', 'the Google credentials cannot be used', error.message, error);
}

function causes(error: Failure): Failure[] {
  const found: Failure[] = [];
  for (let at: unknown = error; at instanceof Error && found.length < 8; at = at.cause)
    found.push(at);
  return found;
}

/** The words of OAuth: `{"error": "invalid_grant", "error_description": …}`. */
function wordsIn({ response, message }: Failure): string {
  const data = (response?.data ?? {}) as { error?: unknown; error_description?: unknown };
  const words = [data.error_description, data.error].find((word) => typeof word === 'string');
  return words ?? message;
}

function hostOf({ config }: Failure): string {
  const url =
    config?.url instanceof URL || typeof config?.url === 'string' ? config.url.toString() : '';
  return URL.canParse(url) ? new URL(url).host : "Google's token server";
}

function refusal(
  code: 'no_key' | 'bad_key',
  message: string,
  why: string,
  cause: Error,
): ConnectionError {
  const details = { code, exitCode: EXIT.credential, why, hint: LOGIN, cause };
  return new ConnectionError(message, 'credential', details);
}
