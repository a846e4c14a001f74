/**
 * Every setting of gemlive, with its type. Names carry the unit in which users give them; the table in
 * options.ts has exactly one row for each key of {@link Settings}.
 */
import type { Warning } from '../errors.ts';
import type { ModelProfile } from '../protocol/models.ts';

export const COMMANDS = [
  'talk',
  'chat',
  'file',
  'serve',
  'setup',
  'doctor',
  'devices',
  'voices',
  'models',
  'token',
  'config',
  'completion',
] as const;
export type CommandName = (typeof COMMANDS)[number];
/** Those that hold a Live session. */
export const SESSIONS = ['talk', 'chat', 'file'] as const;
/** Those that take what a setup is made of: a token may fix it. */
export const SETUPS = [...SESSIONS, 'token'] as const;

/** `v1beta1` is Vertex AI's; `v1` both have. */
export type ApiVersion = 'v1' | 'v1beta' | 'v1alpha' | 'v1beta1';
export type Sensitivity = 'low' | 'high';
export type ThinkingSetting = 'minimal' | 'low' | 'medium' | 'high' | 'off';

/** Every key is there; `undefined` means that nobody has set it and that there is no default to send. */
export type Settings = {
  // connection and model
  model: string;
  voice: string | undefined;
  /** The words themselves: `@FILE` has been read. */
  system: string | undefined;
  /** Canonical BCP-47. */
  language: string | undefined;
  baseUrl: string | undefined;
  apiVersion: ApiVersion;
  /** An ephemeral token. */
  token: string | undefined;
  /** Vertex AI in place of the Gemini API. */
  vertex: boolean;
  /** Of Google Cloud. Without one, Vertex AI is used with an API key (express mode). */
  project: string | undefined;
  location: string;
  local: boolean;
  stt: string | undefined;
  llm: string | undefined;
  tts: string | undefined;
  timeoutSeconds: number;
  dryRun: boolean;
  /** False: facts about the model refuse nothing. */
  check: boolean;

  // generation
  temperature: number | undefined;
  topP: number | undefined;
  topK: number | undefined;
  maxOutputTokens: number | undefined;
  seed: number | undefined;
  presencePenalty: number | undefined;
  frequencyPenalty: number | undefined;
  /** A level, or a budget in tokens (-1: the model decides). */
  thinking: ThinkingSetting | number | undefined;
  includeThoughts: boolean;
  affective: boolean | undefined;
  proactive: boolean | undefined;
  /** Canonical BCP-47. */
  translateTo: string | undefined;
  search: boolean;
  codeExecution: boolean;

  // turns
  /** `manual`: the local detector marks speech, not the server. */
  vad: 'auto' | 'manual';
  startSensitivity: Sensitivity | undefined;
  endSensitivity: Sensitivity | undefined;
  prefixMs: number | undefined;
  silenceMs: number | undefined;
  /** Speech cuts the reply short. False by default for `file`, which wants whole answers. */
  interrupt: boolean;
  turnCoverage: 'activity' | 'all' | undefined;
  transcribe: boolean;
  compress: boolean;
  resume: boolean;
  /** The last session is taken up again. */
  continue: boolean;
  text: boolean;

  // talk
  greet: string | undefined;
  recorder: string | undefined;
  player: string | undefined;
  micCommand: string | undefined;
  speakerCommand: string | undefined;
  inputDevice: string | undefined;
  outputDevice: string | undefined;
  mic: boolean;
  speaker: boolean;
  mute: boolean;
  echo: 'auto' | 'aec' | 'gate' | 'off';
  /** The same as `echo: 'off'`. */
  headphones: boolean;
  /** Push to talk. */
  ptt: boolean;
  /** 0: never. */
  idleTimeoutSeconds: number;

  // chat
  /** Paths. */
  context: readonly string[];
  /** A path. */
  history: string | undefined;
  /** A standard model that answers where Live cannot. */
  fallback: string | undefined;

  // doctor
  /** Ask the user for nothing. */
  yes: boolean;

  // models
  /** Ask the API. */
  remote: boolean;

  // voices
  preview: string | undefined;

  // file
  /** A path, or `-` for raw PCM on stdout. */
  output: string | undefined;
  /** An existing reply is replaced. */
  overwrite: boolean;
  /** The input has no header, whatever it looks like. */
  raw: boolean;
  rateHz: number;
  channels: number;
  fast: boolean;
  turnTimeoutSeconds: number;
  outDir: string | undefined;
  jobs: number;
  play: boolean;

  // token
  /** 0: without end. */
  uses: number | undefined;
  expireSeconds: number | undefined;
  startWithinSeconds: number | undefined;
  lock: boolean;

  // serve
  port: number;
  host: string;
  /** The key that clients must show. */
  key: string | undefined;
  /** Web pages that may use the server. */
  allowOrigins: readonly string[];
  /** Names that the server may be reached by. */
  allowHosts: readonly string[];
  /** A path. */
  script: string | undefined;
  /** A path. */
  log: string | undefined;
  /** A connection is told to go after so long. */
  goAwaySeconds: number;
  /** A session without compression. */
  sessionLimitSeconds: number;
  allowRetired: boolean;

  // everywhere
  json: boolean;
  quiet: boolean;
  plain: boolean;
  debug: boolean;
  usage: boolean;
  maxDurationSeconds: number | undefined;
};

export type SettingKey = keyof Settings;

/** From the strongest to the weakest. */
export const LAYERS = ['flag', 'env', 'dotenv', 'config', 'default'] as const;
export type Layer = (typeof LAYERS)[number];

/** Where a value came from: `--voice`, `GEMLIVE_VOICE`, or the key in config.json. */
export type Source = { layer: Layer; name: string };

export type Credential =
  | { kind: 'key'; apiKey: string; source: Source }
  /** An ephemeral one. */
  | { kind: 'token'; apiKey: undefined; token: string; source: Source }
  /** The application default credentials; `source` is that of the project. */
  | { kind: 'google'; apiKey: undefined; source: Source }
  | { kind: 'none'; apiKey: undefined; source: undefined };

/** What of a credential is known beforehand and must never be shown. */
export const secretOf = (credential: Credential): string | undefined =>
  credential.kind === 'token' ? credential.token : credential.apiKey;

export type Resolved = {
  command: CommandName;
  settings: Settings;
  sources: Record<SettingKey, Source>;
  credential: Credential;
  profile: ModelProfile;
  /** To be told once, before the command runs. */
  warnings: Warning[];
};

/** `flag --voice`, `GEMLIVE_VOICE in the environment`, … for messages. */
export function describeSource({ layer, name }: Source): string {
  switch (layer) {
    case 'flag':
      return name;
    case 'env':
      return `${name} in the environment`;
    case 'dotenv':
      return `${name} in .env`;
    case 'config':
      return `"${name}" in config.json`;
    case 'default':
      break;
  }
  return 'the default';
}
