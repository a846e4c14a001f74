/** Settings that cannot go together: found before anything is opened. */
import { usageError } from '../errors.ts';
import { findModel } from '../protocol/models.ts';
import { flagOf, optionOf, SETTING_KEYS } from './options.ts';
import {
  describeSource,
  LAYERS,
  type Resolved,
  type SettingKey,
  type Settings,
} from './settings.ts';

/**
 * Settles `--local` against `--base-url` (the stronger layer wins) and refuses what contradicts itself.
 * @throws GemliveError (usage).
 */
export function settleCombinations(resolved: Resolved, args: readonly string[]): Resolved {
  const settings = settleLocal(resolved);
  const next = { ...resolved, settings };
  if (resolved.command === 'voices') settings.voice = settings.preview;
  if (resolved.command === 'voices' || resolved.command === 'models')
    refuseForList(resolved.command, next);
  if (resolved.command === 'token') refuseWithoutLock(next);
  if (!['serve', 'setup'].includes(resolved.command)) refuseEnginesWithoutLocal(next);
  if (resolved.command === 'file') refuseForFile(next, args);
  if (settings.ptt && !settings.mic) {
    refuseContradiction(next, 'ptt', 'mic', 'without a microphone there is nothing to push for');
  }
  refuseIdleDetection(next);
  refuseFallback(next);
  return { ...next, settings: settleContinue(next) };
}

/** A list needs nothing: what belongs to a session goes with the switch that opens one. */
const OPENERS = {
  voices: { key: 'preview', flag: '--preview NAME', what: 'hearing a voice' },
  models: { key: 'remote', flag: '--remote', what: 'asking the API' },
} as const;

function refuseForList(command: 'voices' | 'models', { settings, sources }: Resolved): void {
  const { key: opener, flag, what } = OPENERS[command];
  if (settings[opener] !== undefined && settings[opener] !== false) return;
  for (const key of SETTING_KEYS) {
    const { commands, group } = optionOf(key);
    const isOfSession = commands.includes(command) && group !== 'Output' && key !== opener;
    if (!isOfSession || sources[key].layer !== 'flag') continue;
    throw usageError(`${sources[key].name} is for ${what}`, `add ${flag}, or leave it out`);
  }
}

const OF_TOKENS: readonly SettingKey[] = ['baseUrl', 'apiVersion', 'timeoutSeconds', 'dryRun'];

/** What shapes a session means nothing in a token that fixes nothing. */
function refuseWithoutLock({ settings, sources }: Resolved): void {
  const { startWithinSeconds: start, expireSeconds: end } = settings;
  if (start !== undefined && end !== undefined && start > end) {
    throw usageError(
      `--start-within ${start} is longer than --expire ${end}`,
      'a session cannot be started with a token that has expired',
    );
  }
  if (settings.lock) return;
  for (const key of SETTING_KEYS) {
    const { commands, group } = optionOf(key);
    const isShape = commands.includes('talk') && group !== 'Output' && !OF_TOKENS.includes(key);
    if (isShape && sources[key].layer === 'flag') {
      throw usageError(
        `${sources[key].name} is for tokens that fix it`,
        'add --lock, or leave it out',
      );
    }
  }
}

function settleLocal({ settings, sources }: Resolved): Settings {
  if (!settings.local || settings.baseUrl === undefined) return settings;
  const rank = (key: SettingKey): number => LAYERS.indexOf(sources[key].layer);
  if (rank('local') < rank('baseUrl')) return { ...settings, baseUrl: undefined };
  if (rank('local') > rank('baseUrl')) return { ...settings, local: false };
  throw usageError(
    `${describeSource(sources.local)} and ${describeSource(sources.baseUrl)} cannot go together`,
    'use --local for a server inside gemlive, or --base-url for one that runs already',
  );
}

function refuseFallback({ settings, sources, credential }: Resolved): void {
  const { fallback } = settings;
  if (fallback === undefined || sources.fallback.layer !== 'flag') return;
  if (settings.check && findModel(fallback)) {
    throw usageError(
      `--fallback takes a standard model, and ${fallback} is a Live model`,
      'such as --fallback gemini-flash-latest; --no-check asks it all the same',
    );
  }
  if (credential.kind === 'token') {
    throw usageError(
      '--fallback needs a key, and an ephemeral token opens Live sessions only',
      'leave --fallback out, or set GEMINI_API_KEY in place of the token',
    );
  }
}

/** `-c` is a flag always: it beats a `--no-resume` of a weaker layer. */
function settleContinue(resolved: Resolved): Settings {
  const { settings, sources } = resolved;
  if (!settings.continue) return settings;
  if (!settings.resume && sources.resume.layer === 'flag') {
    refuseContradiction(
      resolved,
      'resume',
      'continue',
      'with --no-resume nothing is kept to go on with',
    );
  }
  if (settings.history !== undefined) {
    const hint = 'a session has one past: the last session, or the turns of a file';
    refuseContradiction(resolved, 'continue', 'history', hint);
  }
  return { ...settings, resume: true };
}

function refuseEnginesWithoutLocal({ settings, sources }: Resolved): void {
  for (const key of ['stt', 'llm', 'tts'] as const) {
    if (settings[key] !== undefined && !settings.local && sources[key].layer === 'flag') {
      throw usageError(`${flagOf(key)} is for the local server`, `add --local, or leave it out`);
    }
  }
}

const AUTOMATIC_ONLY = ['startSensitivity', 'endSensitivity', 'prefixMs', 'silenceMs'] as const;

function refuseForFile(resolved: Resolved, args: readonly string[]): void {
  const { settings, sources } = resolved;
  if (args.length > 1 && settings.output !== undefined) {
    throw usageError(
      `${sources.output.name} takes the reply to one input, and there are ${args.length}`,
      'use --out-dir DIR for one reply each',
    );
  }
  if (settings.json && settings.output === '-') {
    throw usageError(
      `${sources.json.name} and ${sources.output.name} - both want stdout`,
      'give the reply a file: -o reply.wav',
    );
  }
  if (args.filter((arg) => arg === '-').length > 1) {
    throw usageError('stdin (-) can be read only once');
  }
  refuseTogether(resolved, 'output', 'outDir', 'use one of them');
  for (const key of ['output', 'outDir', 'play'] as const) {
    refuseTogether(resolved, 'text', key, 'with --text there is no sound; use --no-text');
  }
}

/** What shapes the server's detection means nothing where speech is marked by us. */
function refuseIdleDetection(resolved: Resolved): void {
  const { settings, sources } = resolved;
  const marks = { fast: settings.fast, ptt: settings.ptt, vad: settings.vad === 'manual' };
  for (const marker of ['fast', 'ptt', 'vad'] as const) {
    if (!marks[marker] || sources[marker].layer !== 'flag') continue;
    for (const key of AUTOMATIC_ONLY) {
      if (sources[key].layer !== 'flag') continue;
      refuseTogether(resolved, marker, key, `${flagOf(marker)} marks the speech itself`);
    }
  }
}

function refuseTogether(
  { settings, sources }: Resolved,
  one: SettingKey,
  other: SettingKey,
  hint: string,
): void {
  const isSet = (key: SettingKey): boolean =>
    settings[key] !== undefined && settings[key] !== false;
  if (isSet(one) && isSet(other)) refuseContradiction({ sources }, one, other, hint);
}

function refuseContradiction(
  { sources }: Pick<Resolved, 'sources'>,
  one: SettingKey,
  other: SettingKey,
  hint: string,
): never {
  throw usageError(
    `${describeSource(sources[one])} and ${describeSource(sources[other])} cannot go together`,
    hint,
  );
}
