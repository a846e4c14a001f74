// The man page, from the tables that help is made from and the README's table of exit codes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMAND_HELP, ROOT_EXAMPLES } from '../dist/commandHelp.js';
import { COMMANDS } from '../dist/config/settings.js';

const root = join(import.meta.dirname, '..');

/** In roff: no line begins like a request, a hyphen that is typed is one, everything else is ASCII. */
const roff = (text) =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/[^\n -~]/gu, (letter) => {
      const hex = letter.codePointAt(0).toString(16).toUpperCase().padStart(4, '0');
      return `\\[u${hex}]`;
    })
    .replaceAll(/^([.'])/gm, '\\&$1');

/** Prose: what stands in backquotes is bold. */
const prose = (text) => roff(text).replaceAll(/`([^`]*)`/g, '\\fB$1\\fR');

const bold = (text) => `\\fB${roff(text)}\\fR`;
const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;
const item = (term, text) => ['.TP', term, text];
const verbatim = (lines) => ['.PP', '.nf', '.RS', ...lines.map(roff), '.RE', '.fi'];

function synopsis() {
  const lines = ['.SY gemlive', '.RI [ command ]', '.RI [ options ]', '.YS'];
  for (const name of COMMANDS) {
    const { args } = COMMAND_HELP[name];
    lines.push('.SY gemlive', `.B ${name}`, '.RI [ options ]');
    if (args) lines.push(`.I ${roff(args.name)}`);
    lines.push('.YS');
  }
  return lines;
}

function commands() {
  return COMMANDS.flatMap((name) => {
    const { summary, description, examples } = COMMAND_HELP[name];
    const words = description ?? sentence(summary);
    return [`.SS ${bold(name)}`, ...words.split('\n').map(prose), ...verbatim(examples)];
  });
}

function options(rows) {
  const groups = [...new Set(rows.map(({ option }) => option.group))];
  return groups.flatMap((group) => [
    `.SS ${roff(group)}`,
    ...rows
      .filter(({ option }) => option.group === group)
      .flatMap(({ option, flag, help, env, fallback }) => {
        const [names, value] = splitFlag(flag);
        const notes = [
          `For ${option.commands.length === COMMANDS.length ? 'every command' : option.commands.join(', ')}`,
          ...(fallback === '' ? [] : [`default ${fallback}`]),
          ...(env === undefined ? [] : [`environment ${env}`]),
        ];
        const term = `${bold(names)}${value === undefined ? '' : ` \\fI${roff(value)}\\fR`}`;
        return item(term, `${prose(sentence(help))}\n${prose(`${notes.join('; ')}.`)}`);
      }),
  ]);
}

function splitFlag(flag) {
  const [, names, value] = /^((?:-\w, )?--[\w-]+)(?: (.*))?$/.exec(flag);
  return [names, value];
}

function exitCodes(readme) {
  const rows = [...readme.matchAll(/^\| (\d+) +\| (.*?) +\|$/gm)];
  if (rows.length < 5) throw new Error('README.md has no table of exit codes');
  return rows.flatMap(([, code, meaning]) => item(bold(code), prose(sentence(meaning))));
}

/** `rows`: the option table as docs.mjs has it. */
export function manPage(rows, readme) {
  const { version, description } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const lines = [
    '.\\" Made by scripts/docs.mjs from the option table.',
    `.TH GEMLIVE 1 "" "gemlive ${version}" "User Commands"`,
    '.SH NAME',
    `gemlive \\- ${roff(`${description[0].toLowerCase()}${description.slice(1)}`)}`,
    '.SH SYNOPSIS',
    ...synopsis(),
    '.SH DESCRIPTION',
    'You talk, the model answers, and it stops the moment you speak.',
    'Without a command, between two terminals, gemlive talks.',
    prose('The answer goes to stdout and nothing else does; status goes to stderr.'),
    ...verbatim(ROOT_EXAMPLES),
    '.SH COMMANDS',
    ...commands(),
    '.SH OPTIONS',
    prose('Every switch has an opposite: `--no-mic` and `--mic`, `--local` and `--no-local`.'),
    ...item(bold('-h, --help'), 'Show help; after a command, its own.'),
    ...item(bold('-V, --version'), 'Show the version.'),
    ...options(rows),
    '.SH EXIT STATUS',
    ...exitCodes(readme),
    '.SH ENVIRONMENT',
    ...item(bold('GEMINI_API_KEY'), prose('The key; `GOOGLE_API_KEY` is read after it.')),
    ...item(bold('GEMLIVE_*'), 'The options above, each by the name that is given there.'),
    ...item(bold('NO_COLOR'), 'No colour, no spinner, no cursor movement.'),
    '.SH FILES',
    ...item(
      bold('.env'),
      'In the working directory: keys, the model, the voice, plain numbers and words.',
    ),
    ...item(
      bold('$XDG_CONFIG_HOME/gemlive/config.json'),
      prose('Options by their names (`~/.config` where XDG_CONFIG_HOME is not set).'),
    ),
    '.PP',
    'A flag wins over the environment, that over .env, that over config.json.',
  ];
  return `${lines.join('\n')}\n`;
}
