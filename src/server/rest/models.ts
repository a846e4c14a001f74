/** The models over HTTP: the Live ones of the table, and the standard ones that answer `generateContent`. */
import { findModel, MODELS } from '../../protocol/models.ts';
import { badRequest, notFound, RestError } from './errors.ts';

type Listed = {
  id: string;
  description: string;
  inputTokenLimit: number;
  methods: readonly string[];
};

/** Names that outlive the models behind them. Others of that kind answer too, and are not listed. */
const STANDARD = ['gemini-flash-latest', 'gemini-flash-lite-latest', 'gemini-pro-latest'];
const OUTPUT_TOKENS = 65_536;
const INPUT_TOKENS = 1_048_576;

const DEFAULT_PAGE = 50;
const MAX_PAGE = 1000;

/** As the Gemini API lists them: those of Vertex AI alone, and what has been shut down, are not there. */
function listed(allowRetired: boolean): Listed[] {
  const live = MODELS.filter(
    ({ status, platforms }) =>
      platforms.includes('gemini') && (status !== 'retired' || allowRetired),
  );
  return [
    ...live.map(({ id, summary, contextTokens }) => ({
      id,
      description: summary,
      inputTokenLimit: contextTokens.value,
      methods: ['bidiGenerateContent'],
    })),
    ...STANDARD.map((id) => ({
      id,
      description: 'answered by the brain of the local server',
      inputTokenLimit: INPUT_TOKENS,
      methods: ['generateContent', 'countTokens'],
    })),
  ];
}

/** @throws RestError 400 for a page that is none */
export function listModels(query: URLSearchParams, allowRetired: boolean): object {
  const models = listed(allowRetired);
  const pageSize = query.get('pageSize') ?? query.get('page_size') ?? '';
  const token = query.get('pageToken') ?? query.get('page_token') ?? '';
  if (!/^\d{0,9}$/.test(pageSize))
    throw badRequest(
      `Invalid value at 'page_size' (TYPE_INT32), ${JSON.stringify(pageSize.slice(0, 40))}`,
    );
  const size = Math.min(Number(pageSize) || DEFAULT_PAGE, MAX_PAGE);
  const start = token === '' ? 0 : models.findIndex(({ id }) => tokenOf(id) === token);
  if (start < 0) throw badRequest('page token is invalid.');
  const next = models[start + size];
  return {
    models: models.slice(start, start + size).map(toResource),
    ...(next && { nextPageToken: tokenOf(next.id) }),
  };
}

/** @throws RestError 404 */
export function getModel(id: string, version: string, allowRetired: boolean): object {
  const found = listed(allowRetired).find((model) => model.id === id);
  if (found) return toResource(found);
  throw new RestError(404, `Model is not found: models/${id} for api version ${version}`);
}

const tokenOf = (id: string): string => Buffer.from(id).toString('base64url');

function toResource({ id, description, inputTokenLimit, methods }: Listed): object {
  return {
    name: `models/${id}`,
    version: '001',
    displayName: id
      .split('-')
      .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
      .join(' '),
    description,
    inputTokenLimit,
    outputTokenLimit: OUTPUT_TOKENS,
    supportedGenerationMethods: methods,
  };
}

/** Of other trades, or Live models that the table does not know yet. */
const NOT_STANDARD = /(?:^|-)(?:live|embedding|tts|image)(?:-|$)|native-audio/;

/** @throws RestError 404 for a model that does not answer over HTTP */
export function checkStandard(id: string, version: string, method: string): void {
  if (id.length > 200 || !/^[\w.-]+$/.test(id)) throw notFound();
  if (id.startsWith('gemini-') && !findModel(id) && !NOT_STANDARD.test(id)) return;
  throw new RestError(
    404,
    `models/${id} is not found for API version ${version}, or is not supported for ${method}. ` +
      'Call ListModels to see the list of available models and their supported methods.',
  );
}
