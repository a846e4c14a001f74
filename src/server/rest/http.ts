/**
 * The HTTP side of the local server: minting tokens, listing models, and `generateContent` for standard
 * models. Whatever is not in order is answered with an error in the shape of Google's APIs.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { credentialsOf, isSecret, queryOf } from '../credentials.ts';
import type { Access } from '../doors.ts';
import type { Engines } from '../engines/find.ts';
import { Refusal } from '../refusal.ts';
import { BodyReader } from './body.ts';
import { allowOrigin, answerPreflight } from './cors.ts';
import {
  asJson,
  badRequest,
  errorBody,
  internalError,
  invalidKey,
  notFound,
  RestError,
  unauthenticated,
  unregistered,
} from './errors.ts';
import { countTokens, generate, whole } from './generate.ts';
import { checkStandard, getModel, listModels } from './models.ts';
import { sendArray, sendEvents } from './stream.ts';
import { MAX_TOKEN_BYTES, mint } from './tokens.ts';
import type { TokenStore } from './tokenStore.ts';

export type RestOptions = {
  access: Access;
  /** Required of everybody where it is set. */
  key: string | undefined;
  allowRetired: boolean;
  tokens: TokenStore;
  engines: Engines;
  now: () => Date;
  /** Something broke that the client cannot help. */
  onFault: (message: string) => void;
};

const RESOURCE = /^\/+(v\d\w*)\/(auth_tokens|models)$/;
const MODEL = /^\/+(v\d\w*)\/models\/([^/:]+)$/;
/** Of the Gemini API, of Vertex AI with a project or without, and of Firebase AI Logic. */
const MODEL_METHOD =
  /^\/+(v\d\w*)\/(?:projects\/[^/]+\/)?(?:locations\/[^/]+\/)?(?:publishers\/google\/)?models\/([^/:]+):(generateContent|streamGenerateContent|countTokens)$/;

export class Rest {
  readonly #options: RestOptions;
  readonly #bodies = new BodyReader();

  constructor(options: RestOptions) {
    this.#options = options;
  }

  /** Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const { access } = this.#options;
      if (access.isForeign(request)) throw foreign();
      allowOrigin(request, response);
      if (answerPreflight(request, response)) return;
      const answer = await this.#answer(request, response);
      if (answer !== undefined) send(response, 200, answer);
    } catch (error) {
      this.#fail(error, response);
    }
  }

  /** What is to be sent, or nothing where it has been sent. */
  async #answer(request: IncomingMessage, response: ServerResponse): Promise<object | undefined> {
    const { key, allowRetired, tokens, now } = this.#options;
    const path = decoded((request.url ?? '').split('?')[0] ?? '');
    const query = queryOf(request.url ?? '');
    const [, , resource] = RESOURCE.exec(path) ?? [];
    const [, version = '', modelId = ''] = MODEL.exec(path) ?? [];
    const isGet = request.method === 'GET' || request.method === 'HEAD';
    const isPost = request.method === 'POST';
    const method = MODEL_METHOD.exec(path);
    const isKnown =
      (isGet && (resource === 'models' || modelId !== '')) ||
      (isPost && (resource === 'auth_tokens' || method !== null));
    if (!isKnown) throw notFound();
    checkCredential(request, key);
    if (resource === 'models') return listModels(query, allowRetired);
    if (modelId !== '') return getModel(modelId, version, allowRetired);
    if (resource === 'auth_tokens') {
      const { json, bytes } = await this.#bodies.read(request, MAX_TOKEN_BYTES);
      return mint(json, bytes, tokens, now());
    }
    return this.#think(method ?? [], request, response, query);
  }

  async #think(
    [, version = '', model = '', method = '']: readonly string[],
    request: IncomingMessage,
    response: ServerResponse,
    query: URLSearchParams,
  ): Promise<object | undefined> {
    checkStandard(model, version, method === 'countTokens' ? method : 'generateContent');
    const { engines, now, onFault } = this.#options;
    const { json } = await this.#bodies.read(request);
    if (method === 'countTokens') return countTokens(json, now());
    const gone = new AbortController();
    response.once('close', () => gone.abort(new Error('the client has gone')));
    const { signal } = gone;
    const values = generate(json, { brain: engines.brain, model, now: now(), signal, onFault });
    if (method === 'generateContent') return whole(values);
    const stream = {
      values,
      signal,
      bodyOf: (error: unknown) => errorBody(this.#toRestError(error)),
    };
    await (query.get('alt') === 'sse' ? sendEvents : sendArray)(response, stream);
    return undefined;
  }

  #fail(error: unknown, response: ServerResponse): void {
    if (response.destroyed || response.closed || response.headersSent) return;
    const told = this.#toRestError(error);
    send(response, told.code, errorBody(told));
  }

  /** What the client is told; what it cannot help is told here. */
  #toRestError(error: unknown): RestError {
    if (error instanceof RestError) return error;
    if (error instanceof Refusal) return badRequest(error.message);
    this.#options.onFault(`internal: ${String(error)}`);
    return internalError();
  }
}

function checkCredential(request: IncomingMessage, key: string | undefined): void {
  const shown = credentialsOf(request);
  const [first] = shown;
  // Ephemeral tokens open Live sessions and nothing else.
  const other = shown.find(({ kind }) => kind !== 'token');
  if (first && !other) throw invalidKey();
  if (key === undefined) return;
  if (!other) throw unregistered();
  if (isSecret(other.value, key)) return;
  throw other.kind === 'bearer' ? unauthenticated() : invalidKey();
}

export const foreign = (): RestError =>
  new RestError(
    403,
    'This origin or host is not allowed here: see --allow-origin and --allow-host of `gemlive serve`.',
  );

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path; // not found, most likely
  }
}

function send(response: ServerResponse, code: number, value: object): void {
  response.writeHead(code, { 'content-type': 'application/json; charset=UTF-8' });
  response.end(asJson(value));
}
