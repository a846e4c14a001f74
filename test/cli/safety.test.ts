/** The key stays safe, and a stranger's `.env` has no say: through the built binary. */
import { existsSync, mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventsIn, runCli } from '../support/cli.ts';

const KEY = 'AIzaSyTestTestTestTestTestTestTest4321';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gemlive-safety-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the key', () => {
  const calls = [
    ['config'],
    ['config', '--json', '--debug'],
    ['chat', '--dry-run', '--debug'],
    ['talk', '--bogus', '--json', '--debug'],
    ['chat', 'hi', '--base-url', 'http://127.0.0.1:1', '--debug', '--timeout', '2'],
    ['chat', 'hi', '--base-url', 'http://127.0.0.1:1', '--json', '--timeout', '2'],
    ['chat', 'hi', '--base-url', `https://127.0.0.1/?key=${KEY}`],
    ['chat', '--dry-run', '-m', KEY],
  ];
  it.each(calls)('is not shown by gemlive %s %s %s %s', async (...args) => {
    const { stdout, stderr } = await runCli(args.filter(Boolean), { env: { GEMINI_API_KEY: KEY } });
    // Whoever gives it as a model's name asks for it to be sent as one.
    if (!args.includes(KEY)) expect(stdout).not.toContain(KEY);
    expect(stderr).not.toContain(KEY);
    expect(stdout + stderr).not.toMatch(/AIzaSy(?!TestTestTestTestTestTestTest4321)/);
  });

  it('is told by its last four characters', async () => {
    const env = { GOOGLE_API_KEY: KEY };
    const { stdout } = await runCli(['config'], { env });
    expect(stdout).toMatch(/^api-key +…4321 +GOOGLE_API_KEY in the environment$/m);
    const { stderr } = await runCli(['config', '--debug'], { env });
    expect(stderr).toMatch(/^debug: .*key …4321, GOOGLE_API_KEY in the environment$/m);
  });

  it('that is missing is exit 3, with the way to get one and the way without', async () => {
    const { code, stdout, stderr } = await runCli(['chat', 'hi']);
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(
      /^error: .*\n {2}why: .*\n {2}try: .*GEMINI_API_KEY.*https:.*--local\n$/,
    );
  });

  it.each(['http://example.com', 'ws://10.0.0.1:80'])(
    'does not go to %s in the clear',
    async (url) => {
      const env = { GEMINI_API_KEY: KEY };
      const { code, stderr } = await runCli(['chat', 'hi', '--base-url', url], { env });
      expect(code).toBe(2);
      expect(stderr).toContain('without encryption');
    },
  );
});

describe('a hostile .env', () => {
  const run = (...args: string[]): ReturnType<typeof runCli> =>
    runCli(args, { cwd: folder, env: { GEMINI_API_KEY: KEY } });

  it('changes nothing, starts nothing, and is told', async () => {
    const trap = join(folder, 'trap');
    const names = [
      ...'MIC_COMMAND SPEAKER_COMMAND TOOLS MCP STT LLM TTS RECORDER PLAYER LOG SCRIPT'.split(' '),
      ...'LOCATION BASE_URL OUTPUT OUT_DIR CONTEXT HISTORY HOST RECORD INPUT_DEVICE'.split(' '),
    ].map((name) => `GEMLIVE_${name}`);
    names.push('HTTPS_PROXY', 'http_proxy', 'NODE_OPTIONS', 'LD_PRELOAD', 'PULSE_SERVER', 'PATH');
    const lines = names.map((name) => `${name}="touch ${trap}"`);
    lines.push('GEMLIVE_SYSTEM=@/etc/passwd', `NODE_OPTIONS=--require=${trap}.cjs`);
    writeFileSync(`${trap}.cjs`, `require('fs').writeFileSync(${JSON.stringify(trap)}, '')`);
    writeFileSync(join(folder, '.env'), lines.join('\n'));

    const clean = await runCli(['chat', '--dry-run'], { env: { GEMINI_API_KEY: KEY } });
    const attacked = await run('chat', '--dry-run');
    expect(attacked.code).toBe(0);
    expect(attacked.stdout).toBe(clean.stdout);
    for (const name of [...names, 'GEMLIVE_SYSTEM']) expect(attacked.stderr).toContain(name);
    // One for the names, one for the base URL.
    expect(attacked.stderr.match(/^warning: /gm)).toHaveLength(2);

    const { stdout } = await run('config', '--json');
    const settings = eventsIn(stdout).filter(({ type }) => type === 'setting');
    expect(settings.length).toBeGreaterThan(50);
    const sources = settings.map(({ source }) => (source as { layer: string }).layer);
    expect(sources.filter((layer) => layer === 'dotenv')).toEqual([]);
    expect(existsSync(trap)).toBe(false);
  });

  it('does not get my key to its server, nor is its server asked at all', async () => {
    writeFileSync(join(folder, '.env'), 'GEMLIVE_BASE_URL=http://127.0.0.1:1');
    const { stdout, stderr } = await run('config');
    expect(stdout).toMatch(/^base-url +- +the default$/m);
    expect(stderr).toContain('ignored GEMLIVE_BASE_URL');
  });

  it('is read when it is honest', async () => {
    writeFileSync(join(folder, '.env'), 'GEMLIVE_VOICE=Puck\nGEMLIVE_SILENCE_MS=700\n');
    const { stdout, stderr } = await run('config');
    expect(stdout).toMatch(/^voice +Puck +GEMLIVE_VOICE in \.env$/m);
    expect(stdout).toMatch(/^silence-ms +700 +GEMLIVE_SILENCE_MS in \.env$/m);
    expect(stderr).toBe('');
  });

  it.each([
    ['binary', Buffer.from([0, 1, 2, 0xff])],
    ['huge', Buffer.alloc(2_000_000, 'GEMLIVE_VOICE=x\n')],
  ])('that is %s is a warning', async (_, bytes) => {
    writeFileSync(join(folder, '.env'), bytes);
    const { code, stderr } = await run('voices');
    expect(code).toBe(0);
    expect(stderr).toMatch(/^warning: \.env in this folder is ignored: [^\n]+\n$/);
  });
});

describe('config.json', () => {
  const config = (text: string): NodeJS.ProcessEnv => {
    mkdirSync(join(folder, 'gemlive'));
    writeFileSync(join(folder, 'gemlive', 'config.json'), text);
    return { XDG_CONFIG_HOME: folder };
  };

  it('is read from $XDG_CONFIG_HOME', async () => {
    const env = config('{"voice": "leda", "api-key": "config-key-9876", "vioce": 1}');
    const { stdout, stderr } = await runCli(['config'], { env });
    expect(stdout).toMatch(/^voice +Leda +"voice" in config\.json$/m);
    expect(stdout).toMatch(/^api-key +…9876 +"api-key" in config\.json$/m);
    expect(stderr).toContain('did you mean "voice"?');
  });

  it('that is broken is exit 2, and tells where', async () => {
    const { code, stderr } = await runCli(['voices'], { env: config('{\n  "voice" "Leda"\n}') });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: cannot use .*config\.json\n {2}why: .*line 2, column 11\n/);
  });

  it('may hold the path of an instruction beside it', async () => {
    const env = config('{"system": "@be.txt"}');
    writeFileSync(join(folder, 'gemlive', 'be.txt'), 'Be kind.');
    expect((await runCli(['chat', '--dry-run'], { env })).stdout).toContain('Be kind.');
  });
});
