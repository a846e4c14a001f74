/** What a status of HTTP means, as data: where 101 was asked for, and where an answer was. */
import { EXIT, type ExitCode } from '../errors.ts';
import {
  answerMeaning,
  credentialMeaning,
  EXIT_OF_KIND,
  KEY_HINT,
  type CloseKind,
  type CloseMeaning,
} from './closeReasons.ts';

export type HandshakeMeaning = {
  kind: CloseKind;
  code: CloseMeaning['code'] | 'unreachable';
  exitCode: ExitCode;
  why: string;
  hint: string;
};

type Row = Omit<HandshakeMeaning, 'exitCode'> & {
  from: number;
  /** Default: `from` alone. */
  to?: number;
  /** Only where the answer is a web page. */
  page?: true;
  /** Default: that of the kind. */
  exitCode?: ExitCode;
};

/** Somebody on the way answered in the server's place: asking again helps nobody, and the network is to blame. */
const IN_BETWEEN = { kind: 'refusal', code: 'unreachable', exitCode: EXIT.network } as const;
const STATUS_PAGE = 'https://aistudio.google.com/status';

/** The first row that fits counts. */
const ROWS: readonly Row[] = [
  {
    from: 300,
    to: 399,
    ...IN_BETWEEN,
    why: 'this network may want a login first, or --base-url names a web site',
    hint: 'open a web page in a browser and log in there, or check --base-url',
  },
  {
    from: 200,
    to: 299,
    page: true,
    ...IN_BETWEEN,
    why: 'a web page answers there: the login of this network, or a web site that is no Live API',
    hint: 'open a web page in a browser and log in there, or check --base-url',
  },
  {
    from: 401,
    kind: 'credential',
    code: 'bad_key',
    why: 'the credential was refused',
    hint: KEY_HINT,
  },
  {
    from: 403,
    page: true,
    kind: 'credential',
    code: 'no_permission',
    why: 'access is not allowed: by the service, or by a proxy or firewall on the way',
    hint: KEY_HINT,
  },
  {
    from: 403,
    kind: 'credential',
    code: 'no_permission',
    why: 'access is not allowed',
    hint: KEY_HINT,
  },
  {
    from: 407,
    ...IN_BETWEEN,
    why: 'a proxy on the way wants a name and a password',
    hint: 'put them into HTTPS_PROXY: http://NAME:PASSWORD@HOST:PORT',
  },
  {
    from: 429,
    kind: 'quota',
    code: 'quota',
    why: 'too many requests, or too many sessions at once',
    hint: 'wait a minute and try again; limits: https://ai.google.dev/gemini-api/docs/rate-limits',
  },
  {
    from: 400,
    kind: 'refusal',
    code: 'server_refused',
    why: 'what answers there does not understand the request',
    hint: 'check --base-url and --api-version',
  },
  {
    from: 511,
    ...IN_BETWEEN,
    why: 'this network wants a login first',
    hint: 'open a web page in a browser and log in there, then try again',
  },
  {
    from: 502,
    to: 504,
    page: true,
    kind: 'server',
    code: 'connection_lost',
    why: 'a proxy or gateway on the way does not reach the service',
    hint: `try again in a moment, or check the proxy; state of the service: ${STATUS_PAGE}`,
  },
  {
    from: 500,
    to: 599,
    kind: 'server',
    code: 'connection_lost',
    why: 'the service has a problem',
    hint: `try again in a moment; state of the service: ${STATUS_PAGE}`,
  },
];

const NO_LIVE_API = {
  kind: 'refusal',
  code: 'server_refused',
  why: 'there is no Live API at this address',
  hint: 'check --base-url and --api-version',
} as const;

/** `body`: as much of it as came. What it says of a credential counts more than the status. */
export function classifyHandshake(status: number, body: string): HandshakeMeaning {
  const isPage = /^\s*</.test(body);
  const credential = isPage ? undefined : credentialMeaning(body);
  if (credential) return { ...credential, exitCode: EXIT_OF_KIND[credential.kind] };
  const row = ROWS.find(
    ({ from, to = from, page = false }) => status >= from && status <= to && (isPage || !page),
  );
  const {
    kind,
    code,
    why,
    hint,
    exitCode = EXIT_OF_KIND[kind],
  }: Row = row ?? {
    from: status,
    ...NO_LIVE_API,
  };
  return { kind, code, why, hint, exitCode };
}

/**
 * What the status of an answer over plain HTTP means. `text`: what the service says about it, empty where
 * that was no error of its own.
 */
export function classifyAnswer(status: number, text: string): HandshakeMeaning {
  const said = answerMeaning(text);
  // What is told of a model there is told of a Live model.
  const meaning = said?.code === 'bad_model' || (!said && status === 404) ? NO_METHOD : said;
  if (meaning) return { ...meaning, exitCode: EXIT_OF_KIND[meaning.kind] };
  if ([401, 403, 407, 429].includes(status) || status >= 500) return classifyHandshake(status, '');
  return { ...NOT_TAKEN, exitCode: EXIT_OF_KIND[NOT_TAKEN.kind] };
}

const NO_METHOD: CloseMeaning = {
  kind: 'refusal',
  code: 'bad_model',
  why: 'there is no such model or method at this address',
  hint: 'check the name of the model, --base-url and --api-version',
};

const NOT_TAKEN: CloseMeaning = {
  kind: 'refusal',
  code: 'bad_argument',
  why: 'the service did not accept what was sent',
  hint: 'see its own words above, and check --base-url and --api-version',
};
