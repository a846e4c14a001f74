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

/** What a close, a refused handshake or a network error means to the user. */
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

const KEY_HINT =
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
    hint: 'use a new token, or set GEMINI_API_KEY',
  },
  {
    match: /permission|denied access|PERMISSION_DENIED/i,
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
    hint: 'start a new session',
  },
  {
    match: /Requested entity was not found/i,
    kind: 'handle',
    code: 'session_expired',
    why: 'the session or model that was named does not exist',
    hint: 'start a new session, and see `gemlive models`',
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
    hint: 'start again; a newer model such as gemini-3.8-live takes it',
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
    match: /thinking/i,
    kind: 'refusal',
    code: 'bad_argument',
    why: 'the model does not take this thinking setting',
    hint: 'leave --thinking out',
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
    hint: 'please report this: gemlive sends setup first',
  },
  {
    match: /invalid argument|Precondition check failed|INVALID_ARGUMENT/i,
    kind: 'refusal',
    code: 'bad_argument',
    why: 'the service does not accept a setting, or the context of the session is full',
    hint: 'see what is sent with --dry-run, and leave out options one by one',
  },
  {
    match: /operation was aborted|deadline|Internal error|unavailable|ABORTED/i,
    kind: 'server',
    code: 'connection_lost',
    why: 'the service has a problem, or took too long',
    hint: 'try again in a moment; state of the service: https://aistudio.google.com/status',
  },
];

/** What a WebSocket close means. `reason` as it came, `code` 1005/1006 where there was none. */
export function classifyClose(code: number, reason: string): CloseMeaning {
  const row = ROWS.find(({ match }) => match.test(reason));
  if (row) {
    const { match: _match, ...meaning } = row;
    return meaning;
  }
  if (code === 1000) {
    return {
      kind: 'end',
      code: 'server_closed',
      why: 'the server ended the session before the work was done',
      hint: 'try again',
    };
  }
  if (code === 1007 || code === 1003 || code === 1002) {
    return {
      kind: 'refusal',
      code: 'bad_argument',
      why: 'the service did not accept what was sent',
      hint: 'see what is sent with --dry-run',
    };
  }
  if (code === 1008) {
    return {
      kind: 'refusal',
      code: 'server_refused',
      why: 'the service refused the session',
      hint: 'see its own words above; `gemlive models` and --dry-run help to find the setting',
    };
  }
  return {
    kind: 'server',
    code: 'connection_lost',
    why: code === 1001 ? 'the server is going away' : 'the connection broke',
    hint: 'check the network and try again',
  };
}

/** What an HTTP status at the WebSocket handshake means. */
export function classifyHandshake(status: number, body: string): CloseMeaning {
  const row = ROWS.find(({ match, kind }) => kind === 'credential' && match.test(body));
  if (row) {
    const { match: _match, ...meaning } = row;
    return meaning;
  }
  if (status === 401 || status === 403) {
    return {
      kind: 'credential',
      code: status === 401 ? 'bad_key' : 'no_permission',
      why: status === 401 ? 'the credential was refused' : 'access is not allowed',
      hint: KEY_HINT,
    };
  }
  if (status === 429) {
    return {
      kind: 'quota',
      code: 'quota',
      why: 'too many requests',
      hint: 'wait a minute and try again',
    };
  }
  if (status >= 500) {
    return {
      kind: 'server',
      code: 'connection_lost',
      why: 'the service has a problem',
      hint: 'try again in a moment',
    };
  }
  return {
    kind: 'refusal',
    code: 'server_refused',
    why: 'there is no Live API at this address',
    hint: 'check --base-url and --api-version',
  };
}

/**
 * What the status of an answer over plain HTTP means. `text`: what the service says about it, empty where
 * that was no error of its own.
 */
export function classifyAnswer(status: number, text: string): CloseMeaning {
  const row = ROWS.find(({ match, kind }) => kind !== 'handle' && match.test(text));
  // "Requested entity was not found" has to do with sessions on a Live connection only.
  if (row) {
    const { match: _match, ...meaning } = row;
    return meaning;
  }
  if (status === 401 || status === 403 || status === 429 || status >= 500) {
    return classifyHandshake(status, '');
  }
  if (status === 404) {
    return {
      kind: 'refusal',
      code: 'bad_model',
      why: 'there is no such model or method at this address',
      hint: 'check the name of the model, --base-url and --api-version',
    };
  }
  return {
    kind: 'refusal',
    code: 'bad_argument',
    why: 'the service did not accept what was sent',
    hint: 'see its own words above, and check --base-url and --api-version',
  };
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
