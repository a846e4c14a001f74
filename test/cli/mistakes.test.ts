import { openSync, closeSync, existsSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventsIn, runCli, spawnCli } from '../support/cli.ts';

/** What is wrong, and what must be said. */
const USAGE: readonly [args: string[], says: RegExp][] = [
  [['doctr'], /no command "doctr"/],
  [['tlak'], /did you mean gemlive talk\?/],
  [['what is a fjord?'], /no command "what is a fjord\?"/],
  [['chat', '--bogus'], /chat has no option --bogus/],
  [['chat', '--voise', 'Kore'], /did you mean --voice\?/],
  [['chat', '--port', '1'], /it belongs to gemlive serve/],
  [['talk', '-x'], /talk has no option -x/],
  [['talk', '--ptt'], /--ptt needs a terminal/],
  [['talk', '--ptt', '--no-mic'], /--ptt and --no-mic cannot go together/],
  [
    ['talk', '--vad', 'manual', '--silence-ms', '300'],
    /--vad and .*--silence-ms cannot go together/,
  ],
  [['talk', '--idle-timeout', '-1'], /--idle-timeout does not take "-1"/],
  [['talk', '--json=yes'], /talk has no option --json/],
  [['talk', 'hello'], /takes no words/],
  [['voices', 'Kore'], /takes no words/],
  [['file'], /file needs an input/],
  [['talk', '--voice'], /--voice needs a value/],
  [['talk', '--voice', '--local'], /--voice needs a value/],
  [['talk', '-m', '-q'], /-m needs a value/],
  [['talk', '-qm'], /-m needs a value/],
  [
    ['talk', '--temperature', 'hot'],
    /--temperature does not take "hot"\n {2}why: it takes a number from 0 to 2/,
  ],
  [['talk', '--thinking', 'hgih'], /did you mean high\?/],
  [['talk', '--language', 'klingonese'], /BCP-47/],
  [['talk', '--thinking', 'high'], /gemini-3\.8-live does not take --thinking high/],
  [['talk', '--voice', 'Kora'], /did you mean Kore\?/],
  [
    ['talk', '--local', '--base-url', 'http://localhost:1'],
    /--local and --base-url cannot go together/,
  ],
  [['talk', '--stt', 'whisper'], /--stt is for the local server/],
  [['file', 'a', 'b', '-o', 'c.wav'], /--out-dir/],
  [['file', 'a', '--json', '-o', '-'], /both want stdout/],
  [['file', '-', '-'], /only once/],
  [['file', 'a', '-o', 'b.wav', '--out-dir', 'c'], /--output and --out-dir cannot go together/],
  [['file', 'a', '--text', '-o', 'b.wav'], /--text and --output cannot go together/],
  [['file', 'a', '--fast', '--silence-ms', '300'], /--fast and --silence-ms cannot go together/],
  [['talk', '--vertex', '--local'], /--vertex and --local cannot go together/],
  [['talk', '--vertex', '--token', 'auth_tokens/x'], /--vertex and --token cannot go together/],
  [['talk', '--project', 'p'], /--project is for Vertex AI/],
  [['talk', '--vertex', '--location', 'evil.example/'], /--location does not take/],
  [['talk', '--vertex', '--location', 'US'], /--location does not take/],
  [['talk', '--vertex', '--api-version', 'v1beta'], /Vertex AI has no version v1beta/],
  [['talk', '--api-version', 'v1beta1'], /Gemini API has no version v1beta1/],
  [['token', '--voice', 'Kore'], /--voice is for tokens that fix it/],
  [['token', '--expire', '72001'], /--expire does not take/],
  [['token', '--expire', '60', '--start-within', '61'], /longer than --expire/],
  [['token', '--lock', '--thinking', 'high'], /does not take --thinking/],
  // Options of later versions are unknown until they work.
  ...['--record=x', '--tools=x', '--mcp=x'].map((flag): [string[], RegExp] => [
    ['talk', flag],
    /talk has no option/,
  ]),
];

const isThreeLines = (stderr: string): boolean =>
  /^error: [^\n]+\n(  why: [^\n]+\n)?(  try: [^\n]+\n)?$/.test(stderr);

describe('mistakes on the command line', () => {
  it.each(USAGE)('gemlive %j', async (args, says) => {
    const { code, stdout, stderr } = await runCli(args);
    expect(stderr).toMatch(says);
    expect(isThreeLines(stderr)).toBe(true);
    expect(code).toBe(2);
    expect(eventsIn(stdout)).toHaveLength(args.includes('--json') ? 2 : 0);
  });

  it('are events as well under --json, wherever that stands', async () => {
    for (const args of [
      ['talk', '--json', '--bogus'],
      ['--json', 'nothing'],
      ['--json', 'talk', '--top-p', '7'],
    ]) {
      const { code, stdout, stderr } = await runCli(args);
      expect(code).toBe(2);
      expect(isThreeLines(stderr)).toBe(true);
      expect(eventsIn(stdout)).toMatchObject([
        {
          type: 'error',
          code: 'usage',
          exitCode: 2,
          t: expect.any(Number),
          message: expect.any(String),
        },
        { type: 'end', exitCode: 2, turns: 0, durationMs: expect.any(Number) },
      ]);
    }
    const fromEnvironment = await runCli(['talk', '--bogus'], { env: { GEMLIVE_JSON: '1' } });
    expect(eventsIn(fromEnvironment.stdout).map(({ type }) => type)).toEqual(['error', 'end']);
    expect((await runCli(['talk', '--bogus', '--', '--json'])).stdout).toBe('');
  });

  it('cannot write to the terminal what they like', async () => {
    const { stderr } = await runCli(['\u001b]0;owned\u0007\u001b[2Jtalk\nerror: x']);
    expect(stderr).not.toMatch(/[\u001b\u0007]/);
    expect(isThreeLines(stderr)).toBe(true);
  });

  it('in the environment name their place', async () => {
    const { code, stderr } = await runCli(['talk'], { env: { GEMLIVE_SEED: 'x' } });
    expect(code).toBe(2);
    expect(stderr).toContain('GEMLIVE_SEED in the environment does not take "x"');
  });
});

describe('words and options', () => {
  const setupOf = async (args: string[]): Promise<string> => (await runCli(args)).stdout;

  it('may stand in any order', async () => {
    const expected = await setupOf(['chat', '--dry-run', '--voice', 'Kore', 'hi']);
    expect(expected).toContain('Kore');
    expect(await setupOf(['--dry-run', '--voice', 'Kore', 'chat', 'hi'])).toBe(expected);
    expect(await setupOf(['--voice=Kore', 'chat', 'hi', '--dry-run'])).toBe(expected);
    expect(await setupOf(['-q', 'chat', '--dry-run', 'hi', '--voice', 'kore'])).toBe(expected);
  });

  it('may be numbers below zero', async () => {
    for (const args of [
      ['what', 'is', '-5', 'plus', '3'],
      ['--', '-5', 'plus', '3'],
    ]) {
      expect(await setupOf(['chat', '--dry-run', ...args])).toContain('"setup"');
    }
  });
});

describe('--dry-run', () => {
  it('shows what is sent: one question is nothing to come back to', async () => {
    const once = await runCli(['chat', '--dry-run', 'hi']);
    const talk = await runCli(['talk', '--dry-run']);
    expect(once.stdout).not.toContain('sessionResumption');
    expect(talk.stdout).toContain('"sessionResumption":{}');
  });

  it('prints the frame and nothing else, without a key, an input or a device', async () => {
    for (const args of [['talk'], ['chat'], ['file', 'no-such-file.wav']]) {
      const { code, stdout, stderr } = await runCli([...args, '--dry-run']);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout.trimEnd().split('\n')).toHaveLength(1);
      expect(JSON.parse(stdout)).toMatchObject({ setup: { model: 'models/gemini-3.8-live' } });
    }
  });

  it('tells what was left out', async () => {
    const { code, stdout, stderr } = await runCli(['talk', '--dry-run'], {
      env: { GEMLIVE_THINKING: 'high' },
    });
    expect(code).toBe(0);
    expect(stdout).not.toContain('thinking');
    expect(stderr).toBe(
      'warning: GEMLIVE_THINKING in the environment is left out: the model decides by itself how much it thinks\n',
    );
  });
});

describe('--system @FILE', () => {
  it('is the words of the file, or exit 8', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gemlive-system-'));
    try {
      writeFileSync(join(folder, 'be.txt'), 'Be brief.\n');
      const there = await runCli(['talk', '--dry-run', '-s', '@be.txt'], { cwd: folder });
      expect(there.stdout).toContain('"systemInstruction":{"parts":[{"text":"Be brief."}]}');
      for (const path of ['gone.txt', '.', '']) {
        const { code, stderr } = await runCli(['talk', '--dry-run', '-s', `@${path}`], {
          cwd: folder,
        });
        expect(code).toBe(8);
        expect(isThreeLines(stderr)).toBe(true);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('stdout', () => {
  it('that nobody reads any more is no error', async () => {
    const child = spawnCli(['models']);
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.stdin.end();
    child.stdout.destroy();
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect([code, stderr]).toEqual([0, '']);
  });

  it.skipIf(!existsSync('/dev/full'))('on a full disk is an error', () => {
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(process.execPath, ['bin/gemlive.js', 'models'], {
      cwd: join(import.meta.dirname, '..', '..'),
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    closeSync(full);
    expect(status).toBe(8);
    expect(stderr).toBe('error: cannot write to stdout\n  why: the disk is full\n');
  });
});

describe('a bug', () => {
  // As soon as gemlive watches over itself, something is thrown that nobody catches.
  const boom = `data:text/javascript,${encodeURIComponent(`
    const poll = () => process.listenerCount('uncaughtException') ? fail() : setImmediate(poll);
    const fail = () => { throw new Error('boom \\u001b[2J\\nline two') };
    poll();`)}`;

  it('is one line that says so, one that asks for a report, and exit 1', async () => {
    const { code, stderr } = await runCli(['models'], { nodeArgs: ['--import', boom] });
    expect(code).toBe(1);
    expect(stderr).toBe(
      'error: boom ␛[2J line two (a bug)\n  try: please report it, with what the same command prints under --debug\n',
    );
  });

  it('shows where under --debug, and is an event under --json', async () => {
    const { code, stdout, stderr } = await runCli(['models', '--debug', '--json'], {
      nodeArgs: ['--import', boom],
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^debug: +at fail/m);
    expect(eventsIn(stdout).slice(-2)).toMatchObject([
      { type: 'error', code: 'bug', exitCode: 1 },
      { type: 'end', exitCode: 1 },
    ]);
  });
});
