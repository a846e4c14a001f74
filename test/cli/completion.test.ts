/** Tab, pressed in real shells on a terminal: what they make of the line is what gemlive is given. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PLAYER_NAMES } from '../../src/audio/backends.ts';
import { describeCommandLine } from '../../src/commands/completion/describe.ts';
import { optionOf, SETTING_KEYS } from '../../src/config/options.ts';
import { COMMANDS } from '../../src/config/settings.ts';
import { runCli } from '../support/cli.ts';
import { hasProgram } from '../support/programs.ts';
import { until } from '../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'gemlive-completion-'));
beforeAll(() => {
  mkdirSync(join(folder, 'replies of today'));
  writeFileSync(join(folder, 'my question.wav'), '');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Shell = { name: string; args: string[]; setUp: (script: string) => string };

/** `gemlive` only shows how it was called. */
const SHELLS: readonly Shell[] = [
  {
    name: 'bash',
    args: ['--norc', '--noprofile', '-i'],
    setUp: (script) =>
      `PS1='re''ady> '; gemlive() { printf 'got:'; printf ' [%s]' "$@"; echo; }; source '${script}'`,
  },
  {
    name: 'zsh',
    args: ['-f', '-i'],
    setUp: (script) =>
      `PS1='re''ady> '; unsetopt zle_bracketed_paste; autoload -U compinit; compinit -D -u; ` +
      `gemlive() { printf 'got:'; printf ' [%s]' "$@"; echo }; source '${script}'`,
  },
  {
    name: 'fish',
    args: ['--no-config', '-i'],
    setUp: (script) =>
      `function fish_prompt; echo -n 're''ady> '; end; set -g fish_autosuggestion_enabled 0; ` +
      `function gemlive; printf 'got:'; printf ' [%s]' $argv; echo; end; source '${script}'`,
  },
];

/** One line typed into a shell: `\t` is Tab. Gives the words that gemlive got, and all that was shown. */
class Terminal {
  readonly #child: ChildProcessWithoutNullStreams;
  #shown = '';

  constructor({ name, args }: Shell) {
    const command = `stty cols 200 rows 50; exec ${[name, ...args].join(' ')}`;
    this.#child = spawn('script', ['-qfec', command, '/dev/null'], {
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        SHELL: '/bin/sh',
        TERM: 'xterm',
        LANG: 'C.UTF-8',
      },
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => (this.#shown += text));
    this.#child.stdin.on('error', () => {}); // it has gone
  }

  async enter(line: string, pattern: RegExp): Promise<string> {
    this.#shown = '';
    this.#child.stdin.write(`${line}\r`);
    await until(`${String(pattern)} after ${line}`, () => pattern.test(this.#shown), 10_000).catch(
      (error: Error) => {
        throw new Error(`${error.message}
${this.#shown}`);
      },
    );
    return this.#shown;
  }

  async typed(line: string): Promise<string> {
    const shown = await this.enter(line, /got:.*\r?\n[^]*ready> /);
    return /got:(.*?) *\r?\n/.exec(shown)?.[1]?.trim() ?? '';
  }

  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGKILL');
    await gone;
  }
}

describe.each(SHELLS)('in $name', (shell) => {
  const { name } = shell;
  let terminal: Terminal | undefined;
  const typed = (line: string): Promise<string> =>
    terminal ? terminal.typed(line) : Promise.reject(new Error('no terminal'));
  beforeAll(async () => {
    if (!hasProgram(name)) return;
    const { stdout } = await runCli(['completion', name]);
    const script = join(folder, `completion.${name}`);
    writeFileSync(script, stdout);
    terminal = new Terminal(shell);
    await terminal.enter(shell.setUp(script), /ready> /);
  });
  afterAll(() => terminal?.close());

  it.skipIf(!hasProgram(name)).each([
    ['a command', 'gemlive ta\t', '[talk]'],
    ['an option of that command', 'gemlive serve --por\t 0', '[serve] [--port] [0]'],
    ['no option of another', 'gemlive serve --voi\tce', '[serve] [--voice]'],
    ['a switch, as help shows it', 'gemlive talk --no-mi\t', '[talk] [--no-mic]'],
    ['a voice', 'gemlive talk --voice Zube\t', '[talk] [--voice] [Zubenelgenubi]'],
    [
      'a model behind =',
      'gemlive chat --model=gemini-3.8-live-ex\t',
      '[chat] [--model=gemini-3.8-live-extended-thinking]',
    ],
    [
      'a choice, by the short name',
      'gemlive chat --thinking mini\t -q',
      '[chat] [--thinking] [minimal] [-q]',
    ],
    [
      'a player',
      `gemlive file --player ${PLAYER_NAMES[0]?.slice(0, -1) ?? ''}\t`,
      `[file] [--player] [${PLAYER_NAMES[0] ?? ''}]`,
    ],
    ['an option before a command', 'gemlive --jso\t ta\t', '[--json] [talk]'],
    [
      'a command after a value that looks like one',
      'gemlive -m chat fi\t --rat\t',
      '[-m] [chat] [file] [--rate]',
    ],
    ['a path with a space', 'gemlive file my\t --dry\t', '[file] [my question.wav] [--dry-run]'],
    ['the value of -o, a path', 'gemlive file -o my\t', '[file] [-o] [my question.wav]'],
    ['a folder', 'gemlive file --out-dir re\t', '[file] [--out-dir] [replies of today]'],
    ['a shell', 'gemlive completion fi\t', '[completion] [fish]'],
    ['a command to be helped with', 'gemlive help voi\t', '[help] [voices]'],
    ['nothing in a prompt', 'gemlive chat Zube\t', '[chat] [Zube]'],
  ])('completes %s', async (_what, line, expected) => {
    // zsh takes the slash of a folder away again.
    expect((await typed(line)).replace('/]', ']')).toBe(expected);
  });
});

describe('what is offered', () => {
  const { commands, takesValue } = describeCommandLine(['bash', 'zsh', 'fish']);

  it('is what each command takes', () => {
    expect(commands.map(({ name }) => name)).toEqual([...COMMANDS, 'help']);
    for (const name of COMMANDS) {
      const flags = commands.find((one) => one.name === name)?.flags.map(({ long }) => long) ?? [];
      const names = flags.map((flag) => flag.replace(/^--(no-)?/, ''));
      const taken = SETTING_KEYS.filter((key) => optionOf(key).commands.includes(name));
      expect(names).toEqual([...taken.map((key) => optionOf(key).name), 'help']);
    }
    expect(takesValue).toContain('-m');
    expect(takesValue).not.toContain('--json');
  });

  // The scripts put words between quotes and into lists that a shell expands.
  it('is words that no shell reads as anything else', () => {
    const words = commands.flatMap(({ name, words: own, flags }) => [
      name,
      ...(typeof own === 'string' ? [] : own),
      ...flags.flatMap(({ value }) => (typeof value?.values === 'object' ? value.values : [])),
    ]);
    expect(words.length).toBeGreaterThan(300);
    expect(words.filter((word) => !/^[A-Za-z0-9][\w.-]*$/.test(word))).toEqual([]);
  });
});

describe('gemlive completion', () => {
  it.each([
    [[], 2, 'gemlive completion needs a shell'],
    [['powershell'], 2, 'it is there for bash, zsh and fish'],
    [['zhs'], 2, 'gemlive completion zsh'],
    [['bash', 'zsh'], 2, 'takes no words after it'],
    [['bash', '--json'], 2, 'has no option --json'],
  ])('%j exits with %i: %s', async (args, exit, words) => {
    const { code, stderr } = await runCli(['completion', ...args]);
    expect(code).toBe(exit);
    expect(stderr).toContain(words);
  });
});
