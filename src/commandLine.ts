/**
 * argv → what is to be done. Commander parses the options of one command and formats help; the command
 * itself may stand anywhere, so that `gemlive --json chat` and `gemlive chat --json` are the same.
 */
import { Command, CommanderError, Option } from 'commander';
import { COMMAND_HELP, EPILOGUE, ROOT_EXAMPLES, SUMMARY } from './commandHelp.ts';
import type { GivenSettings } from './config/given.ts';
import { nearest } from './config/nearest.ts';
import { defaultOf, isNegated, optionOf, SETTING_KEYS } from './config/options.ts';
import { COMMANDS, type CommandName, type SettingKey } from './config/settings.ts';
import { EXIT, GemliveError, usageError } from './errors.ts';

export type Invocation =
  | { kind: 'help'; text: string }
  | { kind: 'version' }
  /** `isBare`: no command was named, which means `talk` between two terminals. */
  | { kind: 'run'; command: CommandName; isBare: boolean; flags: GivenSettings; args: string[] };

/** `columns`: how wide help may be. @throws GemliveError (usage). */
export function parseCommandLine(argv: readonly string[], columns: number): Invocation {
  const { word, rest, wantsHelp, wantsVersion } = scan(argv);
  if (wantsVersion) return { kind: 'version' };
  const isHelp = word === 'help';
  const name = isHelp ? rest.find((token) => !token.startsWith('-')) : word;
  if (name !== undefined && !isCommand(name)) throw unknownCommand(name);
  if (isHelp || wantsHelp) return { kind: 'help', text: helpText(name, columns) };
  const command = name ?? 'talk';
  return { kind: 'run', command, isBare: name === undefined, ...parseOptions(command, rest) };
}

/** Help of one command, or of gemlive itself. */
export function helpText(command: CommandName | undefined, columns: number): string {
  const program = command === undefined ? rootCommand() : leafCommand(command);
  program.configureHelp({ helpWidth: Math.max(60, Math.min(columns, 100)) });
  let text = '';
  program.configureOutput({ writeOut: (part) => (text += part) });
  program.outputHelp();
  return text;
}

/** Settings that `command` takes on the command line. */
const keysOf = (command: CommandName): SettingKey[] =>
  SETTING_KEYS.filter((key) => optionOf(key).commands.includes(command));

const isCommand = (name: string): name is CommandName => COMMANDS.some((known) => known === name);

// ---- finding the command ------------------------------------------------------------------------

type Scan = { word: string | undefined; rest: string[]; wantsHelp: boolean; wantsVersion: boolean };

/** Finds the first word that is neither an option nor an option's value. */
function scan(argv: readonly string[]): Scan {
  const found: Scan = { word: undefined, rest: [], wantsHelp: false, wantsVersion: false };
  for (let at = 0; at < argv.length; at += 1) {
    const token = argv[at] ?? '';
    if (token === '--') {
      found.rest.push(...argv.slice(at));
      break;
    }
    if (token === '-h' || token === '--help') found.wantsHelp = true;
    else if (token === '-V' || token === '--version') found.wantsVersion = true;
    else if (found.word === undefined && !isOptionLike(token)) found.word = token;
    else found.rest.push(token);
    if (!needsNext(token)) continue;
    at += 1;
    const value = argv[at];
    // `--voice --local` is a forgotten value, not a voice of that name.
    if (value === undefined || isKnownOption(value)) throw missingValue(token);
    found.rest.push(value);
  }
  return found;
}

const isOptionLike = (token: string): boolean => token.length > 1 && token.startsWith('-');

const isKnownOption = (token: string): boolean =>
  ['-h', '--help', '-V', '--version'].includes(token) || keyOfToken(token) !== undefined;

/** `--voice`, `--voice=Kore`, `--no-mic`, `-m`: the setting that is meant. */
function keyOfToken(token: string): SettingKey | undefined {
  const long = /^--(?:no-)?([a-z][a-z-]*)(?:=|$)/.exec(token)?.[1];
  const short = /^-([A-Za-z])$/.exec(token)?.[1];
  return SETTING_KEYS.find((key) => {
    const option = optionOf(key);
    return long === undefined
      ? option.short !== undefined && option.short === short
      : option.name === long;
  });
}

/** The value of the last option in this token is the next token. */
function needsNext(token: string): boolean {
  if (token.startsWith('--')) {
    const key = token.includes('=') || token.startsWith('--no-') ? undefined : keyOfToken(token);
    return key !== undefined && optionOf(key).value.isSwitch !== true;
  }
  if (!isOptionLike(token)) return false;
  // `-qm ID`: in a row of letters the first that takes a value takes the rest of the row, if any.
  const letters = token.slice(1).split('');
  const at = letters.findIndex((letter) => {
    const key = keyOfToken(`-${letter}`);
    return key === undefined || optionOf(key).value.isSwitch !== true;
  });
  return at !== -1 && at === letters.length - 1 && keyOfToken(`-${letters[at]}`) !== undefined;
}

// ---- options ------------------------------------------------------------------------------------

function parseOptions(
  command: CommandName,
  rest: readonly string[],
): { flags: GivenSettings; args: string[] } {
  const program = leafCommand(command);
  try {
    program.parse(rest, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) throw translated(error, command);
    throw error;
  }
  const flags: GivenSettings = {};
  for (const key of keysOf(command)) {
    const attribute = attributeOf(key);
    if (program.getOptionValueSource(attribute) !== 'cli') continue;
    const value: unknown = program.getOptionValue(attribute);
    const { name, value: kind } = optionOf(key);
    if (typeof value === 'boolean') {
      flags[key] = {
        name: `--${value ? '' : 'no-'}${name}`,
        texts: [String(value)],
        opposite: false,
      };
    } else {
      const texts = value as string[];
      flags[key] = {
        name: `--${name}`,
        texts: kind.repeatable ? texts : texts.slice(-1),
        opposite: false,
      };
    }
  }
  return { flags, args: program.args };
}

const attributeOf = (key: SettingKey): string =>
  new Option(`--${optionOf(key).name} <value>`).attributeName();

function leafCommand(name: CommandName): Command {
  const { summary, description, args, examples } = COMMAND_HELP[name];
  const program = new Command(`gemlive ${name}`)
    .description(description ?? summary)
    .exitOverride()
    .configureOutput({ writeOut: () => {}, writeErr: () => {} })
    .allowExcessArguments(false)
    .showSuggestionAfterError(false);
  if (args) program.argument(args.name, args.help);
  for (const key of keysOf(name))
    for (const option of commanderOptions(key, name)) program.addOption(option);
  program.helpOption('-h, --help', 'show this help');
  return program.addHelpText('after', `\nExamples:\n${indented(examples)}\n\n${EPILOGUE}`);
}

function rootCommand(): Command {
  const program = new Command('gemlive')
    .description(SUMMARY)
    .usage('[command] [options]')
    .helpCommand(false)
    .helpOption('-h, --help', 'show help; after a command, its own help')
    .version('', '-V, --version', 'show the version');
  for (const name of COMMANDS) {
    const { summary, args } = COMMAND_HELP[name];
    const command = program.command(name).summary(summary).helpOption(false);
    if (args) command.argument(args.name);
  }
  return program.addHelpText('after', `\nExamples:\n${indented(ROOT_EXAMPLES)}\n\n${EPILOGUE}`);
}

const indented = (lines: readonly string[]): string => lines.map((line) => `  ${line}`).join('\n');

/** A switch has both spellings, so that a flag can take back what a weaker layer has set. */
function commanderOptions(key: SettingKey, command: CommandName): Option[] {
  const { name, short, placeholder, value, help, helpOff, group } = optionOf(key);
  const dash = short === undefined ? '' : `-${short}, `;
  const fallback = defaultOf(key, command);
  const isShown = ['string', 'number'].includes(typeof fallback);
  if (!value.isSwitch) {
    const text = isShown ? `${help} (default ${String(fallback)})` : help;
    const option = new Option(`${dash}--${name} <${placeholder ?? 'value'}>`, text);
    option.argParser((given: string, before: string[] | undefined) => [...(before ?? []), given]);
    return [option.helpGroup(`${group}:`)];
  }
  const negated = isNegated(key, command);
  const on = new Option(`${dash}--${name}`, help).hideHelp(negated);
  const off = new Option(`--no-${name}`, helpOff ?? help).hideHelp(!negated);
  return [on.helpGroup(`${group}:`), off.helpGroup(`${group}:`)];
}

// ---- mistakes -----------------------------------------------------------------------------------

function unknownCommand(name: string): GemliveError {
  const near = nearest(name, [...COMMANDS, 'help']);
  const shown = JSON.stringify(name.slice(0, 60));
  const hint =
    near === undefined ? '`gemlive --help` lists the commands' : `did you mean gemlive ${near}?`;
  return usageError(`there is no command ${shown}`, hint);
}

function missingValue(token: string): GemliveError {
  const flag = token.startsWith('--') ? token : `-${token.at(-1) ?? ''}`;
  const key = keyOfToken(flag);
  return new GemliveError(`${flag} needs a value`, {
    code: 'usage',
    exitCode: EXIT.usage,
    ...(key !== undefined && { why: `it takes ${optionOf(key).value.allowed}` }),
  });
}

/** Commander's mistakes in our words: its own span two lines and name no command. */
function translated({ code, message }: CommanderError, command: CommandName): GemliveError {
  const quoted = /'([^']*)'/.exec(message)?.[1] ?? '';
  const help = `\`gemlive ${command} --help\` lists what it takes`;
  if (code === 'commander.unknownOption') {
    const { text, hint } = unknownOption(quoted, command);
    return usageError(text, hint ?? help);
  }
  if (code === 'commander.missingArgument') {
    const { args, examples } = COMMAND_HELP[command];
    return usageError(`gemlive ${command} needs ${args?.noun ?? 'a word'}`, examples[0]);
  }
  if (code === 'commander.excessArguments') {
    return usageError(`gemlive ${command} takes no words after it`, help);
  }
  return usageError(message.replace(/^error: /, '').split('\n', 1)[0] ?? message, help);
}

function unknownOption(
  flag: string,
  command: CommandName,
): { text: string; hint: string | undefined } {
  const name = flag.replace(/=.*$/s, '');
  const key = keyOfToken(name);
  const text = `gemlive ${command} has no option ${name}`;
  if (key !== undefined && !takesOnCommandLine(command, key)) {
    return {
      text,
      hint: `it belongs to ${optionOf(key)
        .commands.map((one) => `gemlive ${one}`)
        .join(', ')}`,
    };
  }
  const flags = keysOf(command).flatMap((known) => {
    const option = optionOf(known);
    return option.value.isSwitch
      ? [`--${option.name}`, `--no-${option.name}`]
      : [`--${option.name}`];
  });
  const near = nearest(name, [...flags, '--help', '--version']);
  return { text, hint: near === undefined ? undefined : `did you mean ${near}?` };
}

const takesOnCommandLine = (command: CommandName, key: SettingKey): boolean =>
  optionOf(key).commands.includes(command);
