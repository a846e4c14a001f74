/**
 * The one table of options: help, environment names, `.env.example`, the README's table and
 * `gemlive config` are all made from it. One row for each key of Settings; the compiler checks that.
 */
import { COMMAND_OPTIONS } from './optionsOfCommands.ts';
import { CONNECTION_OPTIONS } from './optionsOfConnection.ts';
import { GENERATION_OPTIONS } from './optionsOfGeneration.ts';
import { TURNS_OPTIONS } from './optionsOfTurns.ts';
import type { CommandName, SettingKey, Settings } from './settings.ts';
import type { ValueKind } from './values.ts';

export type Group =
  | 'Connection and model'
  | 'Generation'
  | 'Turns'
  | 'Talking'
  | 'Chatting'
  | 'Voices'
  | 'Models'
  | 'Files'
  | 'Tokens'
  | 'Server'
  | 'Output';

export type Option<T> = {
  /** The long name, without dashes and without `no-`. */
  readonly name: string;
  readonly short?: string;
  /** What stands for the value in help; a switch has none. */
  readonly placeholder?: string;
  readonly value: ValueKind<Exclude<T, undefined>>;
  readonly default: T;
  /** Where a command differs. */
  readonly commandDefaults?: Partial<Record<CommandName, T>>;
  /** The commands that take it, besides `config`, which shows all. */
  readonly commands: readonly CommandName[];
  readonly group: Group;
  readonly help: string;
  /** Of a switch: what turning it off does. */
  readonly helpOff?: string;
  readonly secret?: true;
  /** A `.env` file may set it although its value is not a plain number or word. */
  readonly fromDotenv?: true;
  /** Makes sense for one call only: no environment name, no place in config.json. */
  readonly oneCall?: true;
};

export type OptionTable<K extends SettingKey = SettingKey> = {
  readonly [Key in K]: Option<Settings[Key]>;
};

export type AnyOption = Option<Settings[SettingKey]> & { readonly value: ValueKind<unknown> };

export const OPTIONS: OptionTable = {
  ...CONNECTION_OPTIONS,
  ...GENERATION_OPTIONS,
  ...TURNS_OPTIONS,
  ...COMMAND_OPTIONS,
};

export const SETTING_KEYS = Object.keys(OPTIONS) as SettingKey[];

/** One row, its value type forgotten: for code that treats all rows alike. */
export const optionOf = (key: SettingKey): AnyOption => OPTIONS[key];

/** `config` resolves every setting; the other commands only theirs. */
export const takes = (command: CommandName, option: AnyOption): boolean =>
  command === 'config' || option.commands.includes(command);

export function defaultOf(key: SettingKey, command: CommandName): Settings[SettingKey] {
  const { commandDefaults, default: common } = optionOf(key);
  return commandDefaults && command in commandDefaults ? commandDefaults[command] : common;
}

/** A switch goes by the spelling that changes something: `--no-mic`, since the microphone is on. */
export const isNegated = (key: SettingKey, command: CommandName): boolean =>
  optionOf(key).value.isSwitch === true && defaultOf(key, command) === true;

/** `--no-mic`, `--silence-ms`: as it is typed to change the default. */
export const flagOf = (key: SettingKey, command: CommandName = 'talk'): string =>
  `--${isNegated(key, command) ? 'no-' : ''}${optionOf(key).name}`;

const ENV_PREFIX = 'GEMLIVE_';
const envCase = (name: string): string => name.toUpperCase().replaceAll('-', '_');

/** `GEMLIVE_SILENCE_MS`, `GEMLIVE_NO_MIC`; undefined for what makes sense for one call only. */
export function envNameOf(key: SettingKey): string | undefined {
  if (optionOf(key).oneCall) return undefined;
  return ENV_PREFIX + envCase(flagOf(key).slice(2));
}

export type NamedSetting = {
  key: SettingKey;
  /** The name says the opposite of the setting: `GEMLIVE_NO_MIC=1` is `mic: false`. */
  opposite: boolean;
};

/** Reads `no-mic`, `mic`, `silence-ms`: a name without its dashes, prefix or case. */
export function settingNamed(name: string): NamedSetting | undefined {
  const plain = name.toLowerCase().replaceAll(/[_-]/g, '');
  return BY_NAME.get(plain);
}

export function settingOfEnvName(name: string): NamedSetting | undefined {
  if (!name.startsWith(ENV_PREFIX)) return undefined;
  const rest = name.slice(ENV_PREFIX.length);
  const named = rest === rest.toUpperCase() ? settingNamed(rest) : undefined;
  return named && !optionOf(named.key).oneCall ? named : undefined;
}

const BY_NAME: ReadonlyMap<string, NamedSetting> = new Map(
  SETTING_KEYS.flatMap((key): [string, NamedSetting][] => {
    const option = optionOf(key);
    const plain = option.name.replaceAll('-', '');
    const rows: [string, NamedSetting][] = [[plain, { key, opposite: false }]];
    if (option.value.isSwitch) rows.push([`no${plain}`, { key, opposite: true }]);
    return rows;
  }),
);
