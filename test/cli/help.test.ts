import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isNegated, optionOf, SETTING_KEYS } from '../../src/config/options.ts';
import { COMMANDS } from '../../src/config/settings.ts';
import { runCli } from '../support/cli.ts';

const root = join(import.meta.dirname, '..', '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
};

describe('help', () => {
  it('lists the commands, with examples', async () => {
    const { code, stdout, stderr } = await runCli(['--help']);
    expect([code, stderr]).toEqual([0, '']);
    for (const name of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
    expect(stdout).toContain('Examples:');
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  it.each(COMMANDS)('of %s shows its options, its words and examples', async (name) => {
    const { code, stdout, stderr } = await runCli([name, '--help']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(new RegExp(`^Usage: gemlive ${name} \\[options\\]`));
    expect(stdout).toMatch(new RegExp(`Examples:\n {2}.*gemlive ${name}`));
    for (const key of SETTING_KEYS) {
      const option = optionOf(key);
      const flag = `--${isNegated(key, name) ? 'no-' : ''}${option.name}`;
      const isThere = new RegExp(`^ +(-\\w, )?${flag}[ \n]`, 'm').test(stdout);
      expect([flag, isThere]).toEqual([flag, option.commands.includes(name)]);
    }
  });

  it('is found by any way', async () => {
    const expected = (await runCli(['chat', '--help'])).stdout;
    for (const args of [
      ['help', 'chat'],
      ['chat', '-h'],
      ['-h', 'chat'],
      ['chat', '-m', 'x', '--help'],
    ]) {
      expect((await runCli(args)).stdout).toBe(expected);
    }
    expect((await runCli(['help'])).stdout).toBe((await runCli(['-h'])).stdout);
  });

  it('does not take the place of a value, or of a word after --', async () => {
    const { stdout } = await runCli(['chat', '--dry-run', '--system=--help', '--', '--help']);
    expect(stdout).toContain('"text":"--help"');
  });

  it.each([['--version'], ['-V'], ['talk', '-V']])('gemlive %s %s', async (...args) => {
    const { code, stdout, stderr } = await runCli(args.filter(Boolean));
    expect([code, stdout, stderr]).toEqual([0, `${version}\n`, '']);
  });

  it('loads nothing heavy', async () => {
    const nodeArgs = ['--import', pathToFileURL(join(root, 'test/support/tellImports.mjs')).href];
    for (const args of [['--help'], ['talk', '--help'], ['--version']]) {
      const { stderr } = await runCli(args, { nodeArgs });
      const loaded = (stderr.match(/(?<=^import file:).*$/gm) ?? []).map((url) =>
        fileURLToPath(`file:${url}`),
      );
      expect(loaded).toContain(join(root, 'dist/bundle/cli.js'));
      const bundled = loaded.filter((path) => existsSync(`${path}.map`));
      const inside = bundled.flatMap((path) => {
        const { sources } = JSON.parse(readFileSync(`${path}.map`, 'utf8')) as {
          sources: string[];
        };
        return sources.map((source) => source.replace(/^(\.\.\/)+/, ''));
      });
      expect(inside).toContain('src/cli.ts');
      const heavy =
        /node_modules\/(ws|zod|dotenv|chalk|ora|google-auth-library|gaxios|agent-base|proxy-from-env)\/|^src\/(audio|live|rest|server|conversation)/;
      expect([...loaded, ...inside].filter((name) => heavy.test(name))).toEqual([]);
      expect(loaded.length).toBeLessThan(20);
    }
  });
});

describe('a bare gemlive', () => {
  it.each([[[]], [['--local']], [['-q']]])(
    '%j without a terminal is help and exit 2',
    async (args) => {
      const { code, stdout, stderr } = await runCli(args);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(/^Usage: gemlive /);
    },
  );

  it('still tells what is wrong with its options', async () => {
    const { code, stderr } = await runCli(['--lokal']);
    expect(code).toBe(2);
    expect(stderr).toContain('did you mean --local?');
  });
});

describe('what is made from the option table', () => {
  it('is up to date', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/docs.mjs', '--check'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
  });
});
