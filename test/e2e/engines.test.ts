/** `--stt`, `--llm` and `--tts` as a user gives them: what works, and what is said where it cannot. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runCli, spawnCli } from '../support/cli.ts';
import {
  bodyOf,
  refuse,
  say,
  stall,
  startOpenAiService,
  type OpenAiService,
} from '../support/openAiService.ts';
import { untilGone } from '../support/programs.ts';
import { readWav } from '../support/wav.ts';

const FIXTURE = join(import.meta.dirname, '../../audio-fixtures/question.pcm');
const LOCAL = ['--local', '--stt', 'none', '--tts', 'none'];
const MUTE = 'cat > /dev/null; head -c 4800 /dev/zero';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gemlive-own-engines-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let service: OpenAiService;
beforeEach(async () => {
  service = await startOpenAiService();
});
afterEach(() => service.close());

const chat = (words: string, engines: string[], env: Record<string, string> = {}) =>
  runCli(['chat', words, ...LOCAL, ...engines], { env });

describe('a private assistant', () => {
  it('asks the model, with the key of the service and nothing of ours', async () => {
    service.behave(say('Four', ' degrees.'));
    const { code, stdout, stderr } = await chat('Weather?', ['--llm', service.url], {
      OPENAI_API_KEY: 'sk-of-the-service',
      GEMINI_API_KEY: 'AIza-of-ours',
    });
    expect([code, stdout, stderr]).toEqual([0, 'Four degrees.\n', '']);
    const [asked] = service.asked;
    expect(asked?.headers.authorization).toBe('Bearer sk-of-the-service');
    expect(JSON.stringify(asked?.headers) + asked?.raw.toString()).not.toContain('AIza');
    expect(bodyOf(asked)['messages']).toMatchObject([{}, { content: 'Weather?' }]);
  });

  it('runs commands, which see no key of ours', async () => {
    const llm = 'cat; echo "key:[$GEMINI_API_KEY$GEMLIVE_KEY$GEMLIVE_TOKEN]"';
    const env = { GEMINI_API_KEY: 'AIza-of-ours', GEMLIVE_LLM: llm };
    const { code, stdout } = await chat('Hello.', [], env);
    expect([code, stdout]).toEqual([0, 'Hello.\nkey:[]\n']);
  });

  it('answers a recording with commands for ears, brain and voice', async () => {
    const output = join(folder, 'reply.wav');
    const result = await runCli(
      [
        'file',
        FIXTURE,
        '--fast',
        '--local',
        '-o',
        output,
        '--stt',
        'cat > /dev/null; echo three times four',
      ].concat(['--llm', `sed 's/$/ is twelve./'`, '--tts', MUTE]),
    );
    expect([result.code, result.stdout.trim()]).toEqual([0, 'three times four is twelve.']);
    expect(readWav(output)).toMatchObject({ sampleRateHz: 24_000, channels: 1 });
  });

  it('names its engines', async () => {
    const child = spawnCli([
      'serve',
      '--port',
      '0',
      '--stt',
      'cat',
      '--llm',
      service.url,
      '--tts',
      'none',
    ]);
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const ended = new Promise((resolve) => child.once('close', resolve));
    const host = new URL(service.url).host;
    await expect
      .poll(() => stderr)
      .toBe(`engines: ears cat · brain stand-in at ${host} · voice none\n`);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  it('leaves nothing behind when it is interrupted', async () => {
    const file = join(folder, 'pids');
    const llm = `sleep 60 & echo $! > ${file}; echo $$ >> ${file}; sleep 60`;
    const child = spawnCli(['chat', 'hello', ...LOCAL, '--llm', llm]);
    const ended = new Promise((resolve) => child.once('close', resolve));
    const pids = (): number[] =>
      existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : [];
    await expect.poll(() => pids().length).toBe(2);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    for (const pid of pids()) expect(await untilGone(pid)).toBe(true);
  });

  it('says plainly that the model failed', async () => {
    service.behave(refuse(500, 'out of memory'));
    const { stdout, stderr } = await chat('Hello.', ['--llm', service.url]);
    expect(stdout).toBe('I cannot answer: what thinks for me has failed.\n');
    const { host } = new URL(service.url);
    expect(stderr).toBe(`warning: the brain failed: ${host} answered 500: out of memory\n`);
  });
});

describe('what cannot be is told before anything is heard', () => {
  it.each([
    [['--llm', 'no-such-program --x'], 2, /no program "no-such-program"/, /built-in/],
    [['--stt', 'telepathy'], 2, /no program "telepathy"/, /pocketsphinx/],
    [['--tts', 'A=1 telepathy -x'], 2, /no program "telepathy"/, /flite/],
    [
      ['--llm', 'http://example.com/v1'],
      2,
      /another machine, and http:\/\/ is not encrypted/,
      /https:\/\/.*ssh -L/,
    ],
    [
      ['--llm', 'https://me:secret@example.com/'],
      2,
      /without a user or a password/,
      /OPENAI_API_KEY/,
    ],
    [['--stt', 'ftp://127.0.0.1/'], 2, /--stt does not take "ftp:/, /http:\/\/127/],
    [['--tts', 'http://'], 2, /--tts does not take/, /http:\/\/127/],
    [['--stt', 'whisper-cli'], 2, /whisper-cli is not on this machine/, /WHISPER_MODEL/],
    [['--tts', 'piper'], 2, /piper is not on this machine/, /PIPER_MODEL/],
  ])('%j: exit %d', async (args, exitCode, message, hint) => {
    const { code, stdout, stderr } = await runCli(['chat', 'hi', ...LOCAL, ...args]);
    expect([code, stdout]).toEqual([exitCode, '']);
    const [error = '', ...rest] = stderr.trimEnd().split('\n');
    expect(error).toMatch(message);
    expect(rest.at(-1)).toMatch(hint);
    expect(stderr).not.toContain('secret');
  });

  it('a service that has gone', async () => {
    const gone = await startOpenAiService();
    await gone.close();
    const { code, stderr } = await chat('hi', ['--llm', gone.url]);
    const { host } = new URL(gone.url);
    expect(code).toBe(5);
    expect(stderr).toBe(
      `error: --llm: nothing listens at ${host}\n  try: start the service, or check its address: curl http://${host}/v1/models\n`,
    );
  });

  it.each([
    [
      'refuses the key',
      { onModels: refuse(401, 'bad key') },
      3,
      /answered 401: bad key/,
      /OPENAI_API_KEY/,
    ],
    ['has no model', { models: [] }, 2, /has no model/, /ollama pull/],
    ['says nothing', { onModels: stall() }, 5, /said nothing for 5 s/, /curl/],
  ])('a service that %s', async (_what, options, exitCode, message, hint) => {
    const other = await startOpenAiService(options);
    const { code, stderr } = await chat('hi', ['--llm', other.url]);
    expect(code).toBe(exitCode);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(hint);
    await other.close();
  });

  it('a service that lists no models is asked all the same', async () => {
    const other = await startOpenAiService({ onModels: refuse(404, 'not found') });
    other.behave(say('Here.'));
    const { stdout } = await chat('hi', ['--llm', `${other.url}#mine`]);
    expect(stdout).toBe('Here.\n');
    expect(bodyOf(other.asked[0])).toMatchObject({ model: 'mine' });
    await other.close();
  });

  it('--llm without --local', async () => {
    const { code, stderr } = await runCli(['chat', 'hi', '--llm', 'cat']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/--llm is for the local server/);
  });

  it('a .env of the folder runs nothing and sends nothing away', async () => {
    const touched = join(folder, 'touched');
    const place = mkdtempSync(join(folder, 'place-'));
    writeFileSync(
      join(place, '.env'),
      `GEMLIVE_LLM=touch ${touched}\nGEMLIVE_STT=${service.url}\n`,
    );
    const args = ['chat', 'what is 3 times 4', '--local', '--tts', 'none'];
    const { stdout, stderr } = await runCli(args, { cwd: place });
    expect(stdout).toBe('3 times 4 is 12.\n');
    expect(stderr).toMatch(/warning: \.env in this folder: ignored GEMLIVE_LLM, GEMLIVE_STT/);
    expect(existsSync(touched)).toBe(false);
    expect(service.asked).toHaveLength(0);
  });
});
