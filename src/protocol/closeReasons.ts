/**
 * Why connections end, as data. Classified by the reason's text first and by the code second, since the
 * service is not consistent about codes. Reasons are cut at 123 bytes, so a row matches a beginning or a
 * telling piece, never a whole sentence.
 */

export type CloseKind =
  | 'credential'
  | 'refusal'
  | 'quota'
  | 'handle'
  | 'server'
  | 'toolGate'
  | 'end';

/** What a close or a refused handshake means to the user. */
export type CloseMeaning = {
  kind: CloseKind;
  code: CloseCode;
  why: string;
  hint: string;
};

export type CloseCode =
  | 'bad_key'
  | 'no_permission'
  | 'bad_model'
  | 'bad_argument'
  | 'server_refused'
  | 'quota'
  | 'session_expired'
  | 'connection_lost'
  | 'server_closed';

export const KEY_HINT =
  'check GEMINI_API_KEY (a new one: https://aistudio.google.com/apikey), or talk without one: --local';

type Row = CloseMeaning & { match: RegExp };

const ROWS: readonly Row[] = [
  {
    match: /API key expired/i,
    kind: 'credential',
    code: 'bad_key',
    why: 'the API key has expired',
    hint: 'make a new key at https://aistudio.google.com/apikey and set GEMINI_API_KEY',
  },
  {
    match: /reported as leaked/i,
    kind: 'credential',
    code: 'bad_key',
    why: 'the key was found in a public place, and the service has blocked it',
    hint: 'delete it and make a new key at https://aistudio.google.com/apikey, then set GEMINI_API_KEY',
  },
  {
    match: /API[ _]key not valid|API_KEY_INVALID/i,
    kind: 'credential',
    code: 'bad_key',
    why: 'the service does not know this API key',
    hint: KEY_HINT,
  },
  {
    match: /unregistered callers|without established identity/i,
    kind: 'credential',
    code: 'bad_key',
    why: 'no credential arrived, or a token was used where a key belongs',
    hint: KEY_HINT,
  },
  {
    match: /Token has been used too many times|auth token has expired|Token has expired/i,
    kind: 'credential',
    code: 'bad_key',
    why: 'the ephemeral token is used up or has expired',
    hint: 'mint another: gemlive token --uses N --expire SECONDS, or set GEMINI_API_KEY',
  },
  {
    match: /Expected OAuth ?2|ACCESS_TOKEN_(EXPIRED|TYPE_UNSUPPORTED)/i,
    kind: 'credential',
    code: 'bad_key',
    why: 'a Google login is wanted here, and what was shown is none, or no longer good',
    hint: 'gcloud auth application-default login, and name the project: --vertex --project ID',
  },
  {
    match: /aiplatform[^]*(denied|disabled|has not been used)|Vertex AI API has not been used/i,
    kind: 'credential',
    code: 'no_permission',
    why: 'the login may not use Vertex AI in this project, or it is off there',
    hint: 'check --project and the role "Vertex AI User"; gcloud services enable aiplatform.googleapis.com',
  },
  {
    match:
      /permission|denied access|PERMISSION_DENIED|SERVICE_DISABLED|has not been used in project|Requests to this API .* are blocked|_BLOCKED\b|been suspended|CONSUMER_SUSPENDED/i,
    kind: 'credential',
    code: 'no_permission',
    why: 'the key is known but may not do this',
    hint: "check the key's restrictions and that the Generative Language API is on for its project",
  },
  {
    match: /exceeded your current quota|RESOURCE_EXHAUSTED|rate limit/i,
    kind: 'quota',
    code: 'quota',
    why: 'the quota of this key is used up, or too many sessions are open at once',
    hint: 'wait a minute and try again; limits: https://ai.google.dev/gemini-api/docs/rate-limits',
  },
  {
    match: /session expired/i,
    kind: 'handle',
    code: 'session_expired',
    why: 'the session to take up again no longer exists',
    hint: 'run the command again: it starts a new session',
  },
  {
    match: /Requested entity was not found/i,
    kind: 'handle',
    code: 'session_expired',
    why: 'the session or model that was named does not exist',
    hint: 'run the command again: it starts a new session; `gemlive models` lists the models',
  },
  {
    match: /is not found for API version|not supported for bidiGenerateContent/i,
    kind: 'refusal',
    code: 'bad_model',
    why: 'the model does not exist, was shut down, or has no Live API',
    hint: 'gemlive models lists the Live models; the default is gemini-3.8-live',
  },
  {
    match: /Operation is not implemented, or supported, or enabled/i,
    kind: 'toolGate',
    code: 'server_refused',
    why: 'the model takes no input of this kind now, such as sound while a tool call is pending',
    hint: 'run it again; a newer model takes it: -m gemini-3.8-live',
  },
  {
    match: /response modalities|Cannot extract voices/i,
    kind: 'refusal',
    code: 'bad_argument',
    why: 'the model does not answer in this form',
    hint: 'use --text for written answers: it works on every model',
  },
  {
    match: /User location is not supported/i,
    kind: 'refusal',
    code: 'server_refused',
    why: 'the Gemini API is not offered where this request came from',
    hint: 'see https://ai.google.dev/gemini-api/docs/available-regions, or talk to this machine: --local',
  },
  {
    match: /speaker voice|no matching speaker/i,
    kind: 'refusal',
    code: 'bad_argument',
    why: 'the model does not have this voice',
    hint: 'gemlive voices lists the voices',
  },
  {
    match: /Thinking level must be specified/i,
    kind: 'refusal',
    code: 'bad_argument',
    why: 'the model thinks before it answers, and has to be told how much',
    hint: 'add --thinking low',
  },
  {
    match: /Thinking level \w+ is not supported/i,
    kind: 'refusal',
    code: 'bad_argument',
    why: 'the model does not have this level of thinking',
    hint: 'take another one: --thinking low, medium or high',
  },
  {
    match: /BLOCKING function calls are not supported/i,
    kind: 'refusal',
    code: 'bad_argument',
    why: 'the model goes on while a function runs, and cannot wait for its result',
    hint: 'declare the function without a behavior, or use -m gemini-3.8-live',
  },
  {
    match: /thinking/i,
    kind: 'refusal',
    code: 'bad_argument',
    why: 'the model does not take this thinking setting',
    hint: 'leave --thinking out',
  },
  {
    match: /Unknown name "(proactivity|enable_?affective_?dialog)"/i,
    kind: 'refusal',
    code: 'bad_argument',
    why: 'only the version v1alpha of the Gemini API has this setting',
    hint: 'use --api-version v1alpha, or leave --proactive and --affective out',
  },
  {
    match: /Unknown name|Cannot find field|Invalid JSON payload/i,
    kind: 'refusal',
    code: 'bad_argument',
    why: 'the service does not know a field that was sent',
    hint: 'see what is sent with --dry-run, and leave that option out',
  },
  {
    match: /setup must be the first message/i,
    kind: 'refusal',
    code: 'bad_argument',
    why: 'messages arrived in the wrong order',
    hint: 'please report it, with what the same command prints under --debug',
  },
  {
    match: /invalid argument|Precondition check failed|INVALID_ARGUMENT/i,
    kind: 'refusal',
    code: 'bad_argument',
    why: 'the service does not accept a setting, or the context of the session is full',
    hint: 'see what is sent with --dry-run, and leave out options one by one',
  },
  {
    match: /operation was (aborted|cancelled)|deadline|Internal error|unavailable|ABORTED/i,
    kind: 'server',
    code: 'connection_lost',
    why: 'the service has a problem, or took too long',
    hint: 'try again in a moment; state of the service: https://aistudio.google.com/status',
  },
];

/** What a text of the service means; undefined where nobody here knows it. */
export function meaningOf(text: string, rows = ROWS): CloseMeaning | undefined {
  const row = rows.find(({ match }) => match.test(text));
  if (!row) return undefined;
  const { match: _match, ...meaning } = row;
  return meaning;
}

/** What an error over HTTP says about the credential, if it is about that. */
export function credentialMeaning(body: string): CloseMeaning | undefined {
  const meaning = meaningOf(body);
  return meaning?.kind === 'credential' ? meaning : undefined;
}

/** What an error of the API over HTTP says. Only a Live connection has sessions that "Requested entity" may mean. */
export const answerMeaning = (text: string): CloseMeaning | undefined =>
  meaningOf(
    text,
    ROWS.filter(({ kind }) => kind !== 'handle'),
  );

/** Where the reason says nothing, or nothing that is known. */
const BY_CODE: Readonly<Record<number, CloseMeaning>> = {
  1000: {
    kind: 'end',
    code: 'server_closed',
    why: 'the server ended the session before the work was done',
    hint: 'try again',
  },
  1001: {
    kind: 'server',
    code: 'connection_lost',
    why: 'the server is going away',
    hint: 'try again in a moment',
  },
  1008: {
    kind: 'refusal',
    code: 'server_refused',
    why: 'the service refused the session',
    hint: 'see its own words above; `gemlive models` and --dry-run help to find the setting',
  },
  1009: {
    kind: 'refusal',
    code: 'bad_argument',
    why: 'what was sent at once is larger than the service takes',
    hint: 'send less of it at a time',
  },
  1012: {
    kind: 'server',
    code: 'connection_lost',
    why: 'the server is being restarted',
    hint: 'try again in a moment',
  },
  1013: {
    kind: 'server',
    code: 'connection_lost',
    why: 'the service has more to do than it can',
    hint: 'try again in a moment',
  },
};

const NOT_ACCEPTED: CloseMeaning = {
  kind: 'refusal',
  code: 'bad_argument',
  why: 'the service did not accept what was sent',
  hint: 'see what is sent with --dry-run',
};

const BROKEN: CloseMeaning = {
  kind: 'server',
  code: 'connection_lost',
  why: 'the connection broke',
  hint: 'check the network and try again',
};

/** What a WebSocket close means. `reason` as it came, `code` 1005/1006 where there was none. */
export function classifyClose(code: number, reason: string): CloseMeaning {
  const notAccepted = [1002, 1003, 1007].includes(code);
  return meaningOf(reason) ?? BY_CODE[code] ?? (notAccepted ? NOT_ACCEPTED : BROKEN);
}

/** Exit codes of the kinds (the contract's table). `end` counts as 6: the work was not done. */
export const EXIT_OF_KIND = {
  credential: 3,
  refusal: 6,
  quota: 7,
  handle: 6,
  server: 5,
  toolGate: 6,
  end: 6,
} as const satisfies Record<CloseKind, number>;
