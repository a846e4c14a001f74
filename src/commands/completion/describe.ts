/** The command line as a shell needs to know it: from the option table and the lists of names. */
import { PLAYER_NAMES, RECORDER_NAMES } from '../../audio/backends.ts';
import { COMMAND_HELP } from '../../commandHelp.ts';
import { isNegated, optionOf, SETTING_KEYS } from '../../config/options.ts';
import { COMMANDS, type CommandName, type SettingKey } from '../../config/settings.ts';
import { MODELS } from '../../protocol/models.ts';
import { LANGUAGES, LIBRARY_VOICES, VOICES } from '../../protocol/voices.ts';
import { BRAIN_NAMES, EAR_NAMES, VOICE_NAMES } from '../../server/engines/find.ts';

/** What may stand somewhere: one of these words, a path, or what nobody can guess. */
export type Values = readonly string[] | 'files' | 'folders' | 'anything';

export type Flag = {
  /** `--voice`, `--no-mic`: as help shows it. */
  long: string;
  /** `-m`. */
  short: string | undefined;
  help: string;
  /** Undefined: it stands alone. */
  value: { placeholder: string; values: Values } | undefined;
};

export type Subcommand = {
  name: string;
  summary: string;
  flags: readonly Flag[];
  /** What its own words are. */
  words: Values;
};

export type CommandLine = {
  commands: readonly Subcommand[];
  /** Spellings of all options whose value is the next word. */
  takesValue: readonly string[];
};

const NAMES: Partial<Record<SettingKey, readonly string[]>> = {
  model: MODELS.map(({ id }) => id),
  voice: [...VOICES.map(({ name }) => name), ...LIBRARY_VOICES],
  language: LANGUAGES,
  translateTo: LANGUAGES,
  player: PLAYER_NAMES,
  recorder: RECORDER_NAMES,
  stt: EAR_NAMES,
  llm: BRAIN_NAMES,
  tts: VOICE_NAMES,
};

const WORDS: Partial<Record<CommandName, Values>> = { chat: 'anything', file: 'files' };

const HELP: Flag = { long: '--help', short: '-h', help: 'show this help', value: undefined };

/** `shells`: what `gemlive completion` takes. */
export function describeCommandLine(shells: readonly string[]): CommandLine {
  const commands = COMMANDS.map((name) => ({
    name,
    summary: COMMAND_HELP[name].summary,
    flags: [...flagsOf(name), HELP],
    words: name === 'completion' ? shells : (WORDS[name] ?? []),
  }));
  const help = { name: 'help', summary: 'show the help of a command', flags: [], words: COMMANDS };
  const takesValue = SETTING_KEYS.flatMap((key) => {
    const { name, short, value } = optionOf(key);
    if (value.isSwitch) return [];
    return short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`];
  });
  return { commands: [...commands, help], takesValue };
}

function flagsOf(command: CommandName): Flag[] {
  return SETTING_KEYS.filter((key) => optionOf(key).commands.includes(command)).map((key) => {
    const { name, short, help, helpOff, value, placeholder } = optionOf(key);
    const isOff = isNegated(key, command);
    return {
      long: isOff ? `--no-${name}` : `--${name}`,
      short: short === undefined ? undefined : `-${short}`,
      help: isOff ? (helpOff ?? help) : help,
      value: value.isSwitch
        ? undefined
        : { placeholder: placeholder ?? 'VALUE', values: valuesOf(key) },
    };
  });
}

function valuesOf(key: SettingKey): Values {
  const { value, placeholder = '' } = optionOf(key);
  const words = NAMES[key] ?? value.choices;
  if (words) return words;
  if (/\bDIR\b/.test(placeholder)) return 'folders';
  // `TEXT|@FILE` is no path for a shell: the mark stands before it.
  return /^FILE\b/.test(placeholder) ? 'files' : 'anything';
}
