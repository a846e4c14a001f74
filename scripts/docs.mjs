// Writes what the option table says into README.md (between the markers), .env.example and the man page.
// `--check` writes nothing and exits 1 when one of them is out of date. Needs `npm run build`.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  defaultOf,
  envNameOf,
  flagOf,
  isNegated,
  optionOf,
  SETTING_KEYS,
} from '../dist/config/options.js';
import { COMMANDS } from '../dist/config/settings.js';
import { manPage } from './manPage.mjs';

const root = join(import.meta.dirname, '..');
const BEGIN = '<!-- settings:begin (made by scripts/docs.mjs) -->';
const END = '<!-- settings:end -->';

const rows = SETTING_KEYS.map((key) => {
  const option = optionOf(key);
  // A switch goes by the spelling that changes something in the first command that has it.
  const [command] = option.commands;
  const negated = isNegated(key, command);
  return {
    key,
    option,
    flag: `${option.short ? `-${option.short}, ` : ''}${flagOf(key, command)}${option.placeholder ? ` ${option.placeholder}` : ''}`,
    help: negated ? (option.helpOff ?? option.help) : option.help,
    env: envNameOf(key),
    fallback: option.value.isSwitch ? '' : String(defaultOf(key, command) ?? ''),
  };
});
const groups = [...new Set(rows.map(({ option }) => option.group))];

const cell = (text) => text.replaceAll('|', '\\|');
function commandsOf({ commands }) {
  const others = COMMANDS.filter((name) => !commands.includes(name));
  if (others.length === 0) return 'all';
  return others.length <= 2 ? `all but ${others.join(', ')}` : commands.join(', ');
}
const code = (text) => (text ? `\`${cell(text)}\`` : '');

function table(group) {
  const lines = rows
    .filter(({ option }) => option.group === group)
    .map(({ flag, help, env, fallback, option }) => [
      code(flag),
      cell(help),
      code(fallback),
      code(env),
      commandsOf(option),
    ]);
  const all = [['option', 'what it does', 'default', 'environment', 'commands'], ...lines];
  const widths = all[0].map((_, column) => Math.max(...all.map((line) => line[column].length)));
  const row = (cells) =>
    `| ${cells.map((text, column) => text.padEnd(widths[column])).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [`**${group}**`, '', row(all[0]), rule, ...lines.map(row)].join('\n');
}

function readme(text) {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`README.md has no ${BEGIN} … ${END}`);
  const body = groups.map(table).join('\n\n');
  return `${text.slice(0, begin)}${BEGIN}\n\n${body}\n\n${text.slice(end)}`;
}

function envExample() {
  const lines = [
    '# Made by scripts/docs.mjs from the option table. Copy what you need to .env, or export it.',
    '',
    '# The key: https://aistudio.google.com/apikey (GOOGLE_API_KEY works too).',
    'GEMINI_API_KEY=',
  ];
  const isForDotenv = ({ option, key }) =>
    option.value.plain || option.fromDotenv || key === 'baseUrl';
  const say = ({ env, fallback, help, option }) => {
    const sample = option.value.isSwitch ? '1' : fallback;
    lines.push('', `# ${help[0].toUpperCase()}${help.slice(1)}.`, `# ${env}=${sample}`);
  };
  for (const group of groups) {
    const own = rows.filter((row) => row.option.group === group && row.env && isForDotenv(row));
    if (own.length === 0) continue;
    lines.push('', `# ---- ${group} ----`);
    own.forEach(say);
  }
  lines.push(
    '',
    '# ---- In the environment only ----',
    '# A .env may belong to a stranger, so what names a program, a file, a device or a host is not',
    '# believed from there; and a base URL from a .env counts only with a key of the same file.',
  );
  rows.filter((row) => row.env && !isForDotenv(row)).forEach(say);
  return `${lines.join('\n')}\n`;
}

const isCheck = process.argv.includes('--check');
let isStale = false;
for (const { name, make } of [
  { name: 'README.md', make: readme },
  { name: '.env.example', make: envExample },
  // Its table of exit codes is the README's, which is checked or written before it.
  {
    name: 'man/gemlive.1',
    make: () => manPage(rows, readFileSync(join(root, 'README.md'), 'utf8')),
  },
]) {
  const path = join(root, name);
  let before = '';
  try {
    before = readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  const after = make(before);
  if (after === before) continue;
  if (isCheck) {
    isStale = true;
    console.error(`error: ${name} is not what the option table says\n  try: node scripts/docs.mjs`);
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, after);
    console.log(`wrote ${name}`);
  }
}
process.exitCode = isStale ? 1 : 0;
