/** Ephemeral tokens from end to end: minted by the built program, and used by it. */
import { readFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventsIn, runCli, spawnCli, type CliResult } from '../support/cli.ts';
import { afterSetup, startScriptedServer } from '../support/scriptedServer.ts';
import { startServing, type Serving } from '../support/serving.ts';
import { until } from '../support/until.ts';

const KEY = 'the-key-of-the-minter-1234';
const QUESTION = 'what is 12 times 12';
const ANSWER = '12 times 12 is 144.\n';

let server: Serving;
beforeAll(async () => {
  server = await startServing('--key', KEY);
});
afterAll(() => server.stop());

/** The token alone. */
async function mint(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(['token', '--base-url', server.url, ...args], {
    env: { GEMINI_API_KEY: KEY },
  });
  expect([code, stderr.split('\n').length]).toEqual([0, 2]);
  expect(stdout).toMatch(/^auth_tokens\/\S+\n$/);
  return stdout.trim();
}

const chat = (token: string, ...args: string[]): Promise<CliResult> =>
  runCli(['chat', QUESTION, '--base-url', server.url, ...args], { env: { GEMLIVE_TOKEN: token } });

function expectNoSecret(text: string, ...secrets: string[]): void {
  for (const secret of [KEY, ...secrets]) expect(text).not.toContain(secret);
}

describe.concurrent('a token', () => {
  it('opens one session, and is used up then: exit 3, and how to get another', async () => {
    const token = await mint();
    const first = await chat(token);
    expect([first.code, first.stdout, first.stderr]).toEqual([0, ANSWER, '']);
    const second = await chat(token, '--debug', '--json');
    expect(second.code).toBe(3);
    expect(second.stderr).toMatch(
      /^error: .*Token has been used too many times.*\n {2}why: .*\n {2}try: .*gemlive token/m,
    );
    expect(eventsIn(second.stdout).at(-1)).toMatchObject({ type: 'end', exitCode: 3 });
    expectNoSecret(second.stdout + second.stderr, token);
  });

  it('opens as many as it was minted for, whatever the key in the environment is', async () => {
    const token = await mint('--uses', '2');
    const env = { GEMLIVE_TOKEN: token, GEMINI_API_KEY: 'wrong-key-5678' };
    for (const expected of [0, 0, 3]) {
      const { code } = await runCli(['chat', QUESTION, '--base-url', server.url], { env });
      expect(code).toBe(expected);
    }
  });

  it('for one session is good for all connections of it', async () => {
    const restless = await startServing('--key', KEY, '--go-away', '2');
    const env = { GEMINI_API_KEY: KEY };
    const minted = await runCli(['token', '--base-url', restless.url], { env });
    const args = ['talk', '--no-mic', '--no-speaker', '--greet', 'Say hello.', '--json'];
    const child = spawnCli([...args, '--base-url', restless.url], {
      env: { GEMLIVE_TOKEN: minted.stdout.trim() },
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await until('it has moved twice', () => output.split('"ready"').length > 3);
    const closed = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGTERM');
    await closed;
    await restless.stop();
    expect(output).not.toContain('"error"');
  });

  it('is told with its life: on stderr in words, with --json as an event', async () => {
    const asked = ['--uses', '0', '--expire', '7200', '--start-within', '600'];
    const place = ['token', '--base-url', server.url, ...asked];
    const env = { GEMINI_API_KEY: KEY };
    const { stderr } = await runCli(place, { env });
    expect(stderr).toBe(
      'for any number of sessions, to be started within 10 min; expires in 2 h\n',
    );
    expect((await runCli([...place, '-q'], { env })).stderr).toBe('');
    const { stdout } = await runCli([...place, '--json'], { env });
    expect(eventsIn(stdout)).toMatchObject([
      { type: 'token', uses: 0, expireSeconds: 7200, startWithinSeconds: 600, locked: [] },
    ]);
  });

  it('with --lock fixes what was given, and an open one does not', async () => {
    const other = ['-m', 'gemini-of-my-own-live', '--voice', 'Puck', '-q'];
    const open = await chat(await mint('--uses', '0'), ...other);
    expect(open.code).toBe(6);
    expect(open.stderr).toContain('is not found');
    // The model that the client names does not exist: it is the token's that answers.
    const fixed = await chat(await mint('--lock', '--voice', 'Kore', '-s', 'Be brief.'), ...other);
    expect([fixed.code, fixed.stdout]).toEqual([0, ANSWER]);
  });

  it('--lock says what is fixed, and leaves resumption and transcripts to the client', async () => {
    const { stdout } = await runCli(
      ['token', '--dry-run', '--lock', '--voice', 'Kore', '--temperature', '0.5', '--uses', '3'],
      {},
    );
    expect(JSON.parse(stdout)).toEqual({
      uses: 3,
      bidiGenerateContentSetup: {
        model: 'models/gemini-3.8-live',
        generationConfig: {
          responseModalities: ['AUDIO'],
          speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Kore' } } },
          temperature: 0.5,
        },
        contextWindowCompression: { slidingWindow: {} },
      },
      fieldMask:
        'systemInstruction,tools,model,generationConfig.responseModalities,generationConfig.speechConfig,' +
        'generationConfig.temperature,contextWindowCompression',
    });
  });

  it('that expires ends the session in its midst: exit 3, and how to get another', async () => {
    const args = ['talk', '--no-mic', '--no-speaker', '--base-url', server.url, '--json'];
    // On a machine that is slow to start it, a short life may end before the session begins.
    for (const seconds of ['3', '12', '48']) {
      const token = await mint('--expire', seconds);
      const { code, stdout, stderr } = await runCli(args, { env: { GEMLIVE_TOKEN: token } });
      expect(code).toBe(3);
      expectNoSecret(stdout + stderr, token);
      if (!stdout.includes('"state":"ready"')) continue;
      expect(stderr).toMatch(/auth token has expired[^]*try: .*gemlive token/);
      return;
    }
    throw new Error('no session began within the life of its token');
  });

  it('that is none is exit 3 before anything is sent', async () => {
    for (const token of ['AIzaSyTestTestTestTest', 'auth_tokens/a b']) {
      const { code, stderr } = await chat(token);
      expect([code, stderr]).toEqual([3, expect.stringContaining('gemlive token')]);
      expect(stderr).not.toContain(token);
    }
  });
});

describe.concurrent('to mint', () => {
  it('without a key is exit 3; with a wrong one too, in the words of the service', async () => {
    const none = await runCli(['token']);
    expect([none.code, none.stdout]).toEqual([3, '']);
    expect(none.stderr).toContain('GEMINI_API_KEY');
    const env = { GEMINI_API_KEY: 'a-wrong-key-9999' };
    const wrong = await runCli(['token', '--base-url', server.url, '--debug'], { env });
    expect(wrong.code).toBe(3);
    expect(wrong.stderr).toContain('API key not valid');
    expectNoSecret(wrong.stderr, env.GEMINI_API_KEY);
  });
});

describe('on the wire', () => {
  it('a token is in a header, and not in the URL, the arguments or a file', async () => {
    const token = 'auth_tokens/secret-of-the-wire-4321';
    const seen: { url: string | undefined; headers: string }[] = [];
    const wire = await startScriptedServer(
      afterSetup(({ request }) => {
        seen.push({ url: request.url, headers: JSON.stringify(request.headers) });
      }),
    );
    const folder = mkdtempSync(join(tmpdir(), 'gemlive-token-'));
    const cmdline = join(folder, 'cmdline');
    // What a recorder is started with, and what it sees of the environment.
    const mic = `cat /proc/$$/environ /proc/$PPID/cmdline > '${cmdline}'; cat /dev/zero`;
    const args = ['talk', '--no-speaker', '--mic-command', mic, '--base-url', wire.url];
    const child = spawnCli([...args, '--debug', '--json'], { env: { GEMLIVE_TOKEN: token } });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await until('it is connected', () => seen.length > 0 && output.includes('"ready"'));
    const argv = readFileSync(`/proc/${child.pid}/cmdline`, 'utf8');
    const closed = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGTERM');
    await closed;
    const told = output + argv + readFileSync(cmdline, 'utf8');
    rmSync(folder, { recursive: true });
    await wire.close();
    expect(seen[0]?.url).toMatch(/\.v1beta\.GenerativeService\.BidiGenerateContentConstrained$/);
    expect(JSON.parse(seen[0]!.headers)).toMatchObject({ authorization: `Token ${token}` });
    expect(seen[0]?.headers).not.toContain('x-goog-api-key');
    expect(told).not.toContain('secret-of-the-wire');
    expect(told).toContain('…4321, GEMLIVE_TOKEN in the environment');
  });

  it('a base URL of a .env gets the token of that .env, and no other', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gemlive-token-'));
    const own = 'auth_tokens/of-the-file';
    const shown: (string | undefined)[] = [];
    const wire = await startScriptedServer(
      afterSetup(({ request, socket }) => {
        shown.push(request.headers.authorization);
        socket.close(1008, 'enough');
      }),
    );
    writeFileSync(join(folder, '.env'), `GEMLIVE_BASE_URL=${wire.url}\nGEMLIVE_TOKEN=${own}\n`);
    const mine = { GEMLIVE_TOKEN: 'auth_tokens/mine' };
    const config = await runCli(['config'], { cwd: folder, env: mine });
    expect(config.stdout).toMatch(/^base-url +- +the default$/m);
    expect(config.stderr).toContain('since the token in use is not from that file');
    expect(config.stdout).not.toContain('auth_tokens/mine');
    await runCli(['chat', 'hi'], { cwd: folder });
    await wire.close();
    rmSync(folder, { recursive: true });
    expect(shown).toEqual([`Token ${own}`]);
  });
});
