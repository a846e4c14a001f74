/**
 * One OpenAI-compatible service: its address, its model, its key, and requests that end. The answer comes as
 * bytes; nothing waits longer than {@link STALL_MS} for the next of them, and whoever stops reading ends the
 * request.
 */
import { EXIT, GemliveError, usageError } from '../../errors.ts';
import type { EngineOption } from './choice.ts';

/** A service that says nothing for so long has failed. Clients wait for 30 s, and are to hear of it. */
export const STALL_MS = 25_000;
const PROBE_MS = 5000;
const MAX_BYTES = 64 * 1024 * 1024;
/** A list of all models that a broker has is long. */
const MAX_JSON_BYTES = 16 * 1024 * 1024;
const MAX_REFUSAL_CHARS = 8192;

export type ServiceKind = {
  option: EngineOption;
  /** Below the base address: `/chat/completions`. */
  endpoint: string;
  /** Which of the models listed does this work, by its name. */
  models: RegExp;
  /** Where none does. Undefined: any. */
  defaultModel: string | undefined;
};

export class Service {
  readonly host: string;
  readonly #kind: ServiceKind;
  readonly #base: string;
  readonly #query: URLSearchParams;
  readonly #headers: Record<string, string>;
  readonly #stallMs: number;
  #model: string | undefined;

  /**
   * `url` is the base (`http://127.0.0.1:11434/v1`, also without `/v1`) or the whole address of the endpoint.
   * `?model=` or `#` names the model; `parameter` takes other words out of the query, and what is left of it
   * goes with every request.
   */
  constructor(
    url: URL,
    kind: ServiceKind,
    { key, stallMs = STALL_MS }: { key: string | undefined; stallMs?: number },
  ) {
    const path = url.pathname.replace(/\/+$/, '');
    const base = path.endsWith(kind.endpoint) ? path.slice(0, -kind.endpoint.length) : path;
    this.host = url.host;
    this.#kind = kind;
    this.#base = url.origin + (base === '' && base === path ? '/v1' : base);
    this.#query = new URLSearchParams(url.search);
    this.#headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
    this.#stallMs = stallMs;
    const fragment = url.hash.slice(1).replaceAll('%20', ' ');
    this.#model = this.parameter('model') ?? (fragment === '' ? undefined : fragment);
  }

  /** One word of the query, which is then not sent on. Undefined where it is missing or empty. */
  parameter(name: string): string | undefined {
    const value = this.#query.get(name);
    this.#query.delete(name);
    return value === null || value === '' ? undefined : value;
  }

  get model(): string {
    return this.#model ?? this.#kind.defaultModel ?? 'default';
  }

  /** For people: `llama3.2 at 127.0.0.1:11434`. */
  get name(): string {
    return `${this.model} at ${this.host}`;
  }

  /**
   * Looks whether it is there, and chooses its model.
   *
   * @throws GemliveError: exit 5 unreachable, 3 the key is refused, 2 it has no model.
   */
  async connect(signal: AbortSignal): Promise<void> {
    const { option, models, defaultModel } = this.#kind;
    let listed: string[] | undefined;
    try {
      listed = modelsIn(await this.#read(this.#bytes('/models', {}, signal, PROBE_MS)));
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ServiceError)) throw error;
      const answers = error.status !== undefined;
      if (answers && error.status !== 401 && error.status !== 403) return;
      throw this.#connectError(error);
    }
    // Some services have no list, and some have models that they do not list.
    if (!listed || this.#model !== undefined) return;
    this.#model = listed.find((id) => models.test(id)) ?? defaultModel ?? listed[0];
    if (this.#model === undefined) {
      throw usageError(
        `${option}: the service at ${this.host} has no model`,
        'load one first, such as: ollama pull llama3.2',
      );
    }
  }

  #connectError(error: ServiceError): GemliveError {
    const { option } = this.#kind;
    if (error.status !== undefined) {
      return new GemliveError(`${option}: ${error.message}`, {
        code: 'bad_key',
        exitCode: EXIT.credential,
        hint: 'set OPENAI_API_KEY in the environment to a key of that service',
        cause: error,
      });
    }
    return new GemliveError(`${option}: ${error.message}`, {
      code: 'unreachable',
      exitCode: EXIT.network,
      hint: `start the service, or check its address: curl ${this.#base}/models`,
      cause: error,
    });
  }

  /** What it answers, as it comes. */
  post(body: Record<string, unknown> | FormData, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const init =
      body instanceof FormData
        ? { method: 'POST', body }
        : {
            method: 'POST',
            body: JSON.stringify(body),
            headers: { 'content-type': 'application/json' },
          };
    return this.#bytes(this.#kind.endpoint, init, signal, this.#stallMs);
  }

  /** The whole answer as text. */
  async postForText(
    body: Record<string, unknown> | FormData,
    signal: AbortSignal,
  ): Promise<string> {
    return this.#read(this.post(body, signal));
  }

  async #read(bytes: AsyncIterable<Uint8Array>): Promise<string> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of bytes) {
      length += chunk.byteLength;
      if (length > MAX_JSON_BYTES) throw new ServiceError(`${this.host} gave more than 16 MB`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  async *#bytes(
    path: string,
    init: { method?: string; body?: string | FormData; headers?: Record<string, string> },
    signal: AbortSignal,
    stallMs: number,
  ): AsyncGenerator<Uint8Array, void> {
    signal.throwIfAborted();
    const stall = new AbortController();
    const late = `${this.host} said nothing for ${stallMs / 1000} s`;
    const startTimer = (): NodeJS.Timeout => setTimeout(() => stall.abort(), stallMs);
    let timer = startTimer();
    const query = this.#query.size === 0 ? '' : `?${this.#query.toString()}`;
    try {
      const ask = async (): Promise<Response> =>
        fetch(this.#base + path + query, {
          ...init,
          headers: { ...this.#headers, ...init.headers },
          // What was said is for the host that the user named, and the key too.
          redirect: 'manual',
          signal: AbortSignal.any([signal, stall.signal]),
        });
      const response = await ask().catch((error: unknown) => {
        // A connection kept from the last time may be closed just now: that says nothing yet.
        if (signal.aborted || stall.signal.aborted || !isClosed(error)) throw error;
        return ask();
      });
      if (!response.ok) throw await this.#refusal(response);
      let length = 0;
      for await (const chunk of response.body ?? []) {
        // Not while the reader is busy.
        clearTimeout(timer);
        length += chunk.byteLength;
        if (length > MAX_BYTES) throw new ServiceError(`${this.host} gave more than 64 MB`);
        yield chunk;
        timer = startTimer();
      }
    } catch (error) {
      signal.throwIfAborted();
      if (stall.signal.aborted) throw new ServiceError(late);
      throw error instanceof ServiceError ? error : new ServiceError(this.#wordsFor(error));
    } finally {
      clearTimeout(timer);
    }
  }

  async #refusal(response: Response): Promise<ServiceError> {
    const { status } = response;
    if (status >= 300 && status < 400) {
      const to = response.headers.get('location') ?? 'nowhere';
      return new ServiceError(`${this.host} sends us on to ${to.slice(0, 200)}`, status);
    }
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString('utf8');
      if (text.length > MAX_REFUSAL_CHARS) break;
    }
    const words = messageIn(text);
    return new ServiceError(`${this.host} answered ${status}${words && `: ${words}`}`, status);
  }

  #wordsFor(error: unknown): string {
    const { code = '', message = String(error) } = causeOf(error);
    if (code === 'ECONNREFUSED') return `nothing listens at ${this.host}`;
    if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `there is no host ${this.host}`;
    if (isClosed(error)) {
      return `${this.host} closed the connection in the middle of its answer`;
    }
    return `${this.host} cannot be reached: ${message}`;
  }
}

const causeOf = (error: unknown): Partial<NodeJS.ErrnoException> =>
  ((error instanceof Error ? error.cause : undefined) ?? error) as Partial<NodeJS.ErrnoException>;

function isClosed(error: unknown): boolean {
  const { code, message } = causeOf(error);
  return /other side closed|terminated|ECONNRESET|UND_ERR_SOCKET/.test(`${code} ${message}`);
}

/** `status` is set where it did answer. */
export class ServiceError extends Error {
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.name = 'ServiceError';
    this.status = status;
  }
}

/** The service's own words, in one line: `{"error":{"message":…}}`, `{"error":…}`, `{"message":…}`, `{"detail":…}`. */
export function messageIn(text: string): string {
  const body = jsonIn(text) as { error?: unknown; message?: unknown; detail?: unknown } | undefined;
  const inner = (body?.error as { message?: unknown } | undefined | null)?.message;
  const found = [inner, body?.error, body?.message, body?.detail].find(
    (value) => typeof value === 'string',
  );
  const words = found ?? (/^[^<{\n]{1,200}$/.test(text.trim()) ? text : '');
  return words.replace(/\s+/g, ' ').trim().slice(0, 300);
}

function modelsIn(text: string): string[] | undefined {
  const body = jsonIn(text) as { data?: unknown } | undefined;
  if (body?.data === undefined) return undefined;
  // Ollama without a model says `null`.
  return (Array.isArray(body.data) ? body.data : []).flatMap((model: { id?: unknown } | null) =>
    typeof model?.id === 'string' ? [model.id] : [],
  );
}

/** Undefined for what is no JSON. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined;
  }
}
