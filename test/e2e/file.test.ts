/** `gemlive file` through the built program: against the local server, and against one whose every sample is known. */
import { spawnSync } from 'node:child_process';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseWav } from '../../src/audio/wav.ts';
import { eventsIn, runCli } from '../support/cli.ts';
import { hasProgram } from '../support/programs.ts';
import { startScriptedServer } from '../support/scriptedServer.ts';

const folder = mkdtempSync(join(tmpdir(), 'gemlive-file-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fixture = (name: string): string =>
  join(import.meta.dirname, '..', '..', 'audio-fixtures', name);

/** Under CI everything must run; elsewhere what is missing is skipped by name. */
const withEngines = it.skipIf(
  process.env['CI'] !== 'true' && !(hasProgram('pocketsphinx_continuous') && hasProgram('flite')),
);

type Event = Record<string, unknown> & { type: string };
const finals = (events: Event[], type: string): string[] =>
  events
    .filter((event) => event.type === type && event['final'] === true)
    .map((event) => String(event['text']));

/** The contract of `--json`: type → fields that must be there, and fields that may. */
const CONTRACT: Record<string, { must: string[]; may: string[] }> = {
  session: { must: ['state', 'model'], may: ['voice', 'reason', 'attempt', 'gapMs'] },
  user: { must: ['turn'], may: ['delta', 'text', 'final'] },
  model: { must: ['turn'], may: ['delta', 'text', 'final', 'interrupted', 'heardMs', 'estimated'] },
  audio: { must: ['bytes', 'ms'], may: [] },
  turn: { must: ['index', 'latency'], may: ['usage', 'costUsd', 'reason'] },
  usage: {
    must: ['promptTokens', 'responseTokens', 'totalTokens'],
    may: [
      'thoughtsTokens',
      'cachedTokens',
      'toolUsePromptTokens',
      'promptByModality',
      'responseByModality',
      'costUsd',
    ],
  },
  warning: { must: ['code', 'message'], may: ['hint'] },
  error: { must: ['code', 'message', 'exitCode'], may: ['hint'] },
  end: { must: ['exitCode', 'turns', 'durationMs'], may: [] },
};

function checkContract(events: Event[]): void {
  let lastMs = 0;
  for (const { type, t, ...fields } of events) {
    const contract = CONTRACT[type];
    expect(contract, `an event of type ${type}`).toBeDefined();
    expect(t).toBeTypeOf('number');
    expect(Number(t)).toBeGreaterThanOrEqual(lastMs);
    lastMs = Number(t);
    expect(Object.keys(fields)).toEqual(expect.arrayContaining(contract?.must ?? []));
    for (const name of Object.keys(fields)) {
      expect([...(contract?.must ?? []), ...(contract?.may ?? []), 'input']).toContain(name);
    }
  }
  expect(events.at(-1)?.type).toBe('end');
}

describe('against the local server', () => {
  withEngines.concurrent('answers a recorded question in words, sound and NDJSON', async () => {
    const output = join(folder, 'question.wav');
    const { code, stdout, stderr } = await runCli(
      ['file', fixture('question.pcm'), '--local', '-o', output, '--json'],
      { timeoutMs: 40_000 },
    );
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const events = eventsIn(stdout) as Event[];
    checkContract(events);
    expect(finals(events, 'user')).toEqual(['what is twelve times twelve']);
    expect(finals(events, 'model')).toEqual(['12 times 12 is 144.']);
    const bytes = events
      .filter(({ type }) => type === 'audio')
      .reduce((sum, event) => sum + Number(event['bytes']), 0);
    const wav = parseWav(readFileSync(output));
    expect(wav.format).toMatchObject({ sampleRateHz: 24_000, channels: 1, bytesPerSample: 2 });
    expect(wav.data.byteLength).toBe(bytes);
    expect(events.find(({ type }) => type === 'turn')).toMatchObject({
      latency: { endOfSpeechToAudioMs: expect.any(Number) },
      usage: { promptByModality: { AUDIO: expect.any(Number) } },
    });
  });

  withEngines.concurrent(
    'transcribes what is said, not what is expected: a recording made this minute',
    async () => {
      const words = ['two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
      const pick = (): number => Math.floor(Math.random() * words.length);
      // The recogniser takes one word for another now and then; three sentences in a row it does not.
      let understood = 0;
      for (let attempt = 0; attempt < 3 && understood < 4; attempt += 1) {
        const [a, b] = [pick(), pick()];
        const said = ['what', 'is', words[a] ?? '', 'times', words[b] ?? ''];
        const path = join(folder, `fresh-${attempt}.wav`);
        const made = spawnSync('flite', ['-voice', 'rms', '-t', said.join(' '), '-o', path]);
        expect(made.status).toBe(0);
        const { stdout } = await runCli(['file', path, '--local', '--json'], { timeoutMs: 40_000 });
        const events = eventsIn(stdout) as Event[];
        const [heard = ''] = finals(events, 'user');
        console.log(`said: ${said.join(' ')} · heard: ${heard}`);
        understood = said.filter((word) => heard.split(' ').includes(word)).length;
        if (heard === said.join(' ')) {
          expect(finals(events, 'model')).toEqual([
            expect.stringContaining(` is ${(a + 2) * (b + 2)}.`),
          ]);
        }
      }
      expect(understood).toBeGreaterThanOrEqual(4);
    },
    90_000,
  );

  withEngines.concurrent('three utterances give three turns', async () => {
    const { code, stdout } = await runCli(
      ['file', fixture('three-questions.wav'), '--local', '--json'],
      {
        timeoutMs: 60_000,
      },
    );
    expect(code).toBe(0);
    const events = eventsIn(stdout) as Event[];
    checkContract(events);
    expect(finals(events, 'user')).toEqual([
      'what is twelve times twelve',
      'what time is it',
      'what is seven plus five',
    ]);
    expect(finals(events, 'model')).toHaveLength(3);
    expect(events.filter(({ type }) => type === 'turn').map((event) => event['index'])).toEqual([
      1, 2, 3,
    ]);
  });

  withEngines.concurrent('reads raw PCM from stdin and prints the answer alone', async () => {
    const { code, stdout, stderr } = await runCli(['file', '-', '--local'], {
      input: readFileSync(fixture('question.pcm')),
      timeoutMs: 40_000,
    });
    expect([code, stdout]).toEqual([0, '12 times 12 is 144.\n']);
    expect(stderr).toMatch(/^warning: stdin .* raw PCM.*\n {2}try: .*--raw.*\n$/);
  });

  withEngines.concurrent('--fast sends the whole recording as one utterance', async () => {
    const { code, stdout } = await runCli(['file', fixture('question.wav'), '--local', '--fast'], {
      timeoutMs: 40_000,
    });
    expect([code, stdout]).toEqual([0, '12 times 12 is 144.\n']);
  });

  withEngines.concurrent('reads what other machines write: stereo at 44.1 kHz, noise', async () => {
    const { code, stdout } = await runCli(
      [
        'file',
        fixture('stereo-44k1.wav'),
        fixture('noisy.wav'),
        '--local',
        '--jobs',
        '2',
        '--json',
        '--out-dir',
        join(folder, 'replies'),
      ],
      { timeoutMs: 60_000 },
    );
    expect(code).toBe(0);
    const events = eventsIn(stdout) as Event[];
    checkContract(events);
    for (const name of ['stereo-44k1', 'noisy']) {
      const mine = events.filter((event) => String(event['input']).includes(name));
      expect(finals(mine, 'user').join(' ')).toMatch(/\w+ \w+/);
      const bytes = mine.reduce(
        (sum, event) => sum + (event.type === 'audio' ? Number(event['bytes']) : 0),
        0,
      );
      expect(statSync(join(folder, 'replies', `${name}.reply.wav`)).size).toBe(bytes + 44);
    }
  });

  it.concurrent('without ears the transcript says so, and the answer is the user’s own words', async () => {
    const output = join(folder, 'echo.wav');
    const { stdout } = await runCli(
      ['file', fixture('question.wav'), '--local', '--stt', 'none', '--json', '-o', output],
      { timeoutMs: 40_000 },
    );
    const events = eventsIn(stdout) as Event[];
    const [heard = ''] = finals(events, 'user');
    const seconds = Number(/^\[speech, (\d+\.\d) s\]$/.exec(heard)?.[1]);
    // The question lasts 1.8 s in a recording of 2.7 s.
    expect(seconds).toBeGreaterThan(1.3);
    expect(seconds).toBeLessThan(2.7);
    expect(finals(events, 'model')).toEqual([`[your own words, ${seconds.toFixed(1)} s]`]);
    const reply = parseWav(readFileSync(output)).data.byteLength / 48_000;
    expect(reply).toBeGreaterThan(seconds);
  });

  it.concurrent('without a voice the words go out over silence of their length', async () => {
    const output = join(folder, 'silence.wav');
    await runCli(['file', fixture('question.wav'), '--local', '--tts', 'none', '-o', output], {
      timeoutMs: 40_000,
    });
    const { data } = parseWav(readFileSync(output));
    expect(data.byteLength).toBeGreaterThan(24_000);
    expect(data.every((byte) => byte === 0)).toBe(true);
  });

  it.concurrent('a truncated recording is told of and answered as far as it goes', async () => {
    const { code, stderr } = await runCli(['file', fixture('truncated.wav'), '--local'], {
      timeoutMs: 40_000,
    });
    expect(code).toBe(0);
    expect(stderr).toMatch(/^warning: .*(cut|truncated|end)/m);
  });
});

describe('against a server that sends known samples', () => {
  const chunk = (from: number, samples: number): Buffer =>
    Buffer.from(Int16Array.from({ length: samples }, (_, index) => from + index).buffer);

  it.concurrent('keeps every sample, in order, whatever the size of the messages', async () => {
    const sizes = [480, 2880, 1, 7, 5760, 2880];
    const sent: Buffer[] = [];
    const frames: string[] = [];
    const server = await startScriptedServer(async (peer) => {
      await peer.next();
      peer.send({ setupComplete: {} });
      let from = -8000;
      peer.socket.on('message', (data: Buffer) => frames.push(data.toString()));
      for (const size of sizes) {
        const pcm = chunk(from, size);
        from += size;
        sent.push(pcm);
        // Two parts in a message, as newer models send them.
        const half = pcm.subarray(0, Math.floor(size / 2) * 2);
        const parts = [half, pcm.subarray(half.length)]
          .filter((part) => part.length > 0)
          .map((part) => ({
            inlineData: { mimeType: 'audio/pcm;rate=24000', data: part.toString('base64') },
          }));
        peer.send({ serverContent: { modelTurn: { parts } } });
      }
      peer.send({ serverContent: { outputTranscription: { text: 'samples' } } });
      peer.send({ serverContent: { turnComplete: true } });
    });
    const input = Buffer.from(Int16Array.from({ length: 8000 }, (_, index) => index * 4).buffer);
    const [toFile, toPipe] = [join(folder, 'known.wav'), join(folder, 'in.pcm')];
    writeFileSync(toPipe, input);
    const run = await runCli(['file', toPipe, '--base-url', server.url, '-o', toFile], {
      timeoutMs: 30_000,
    });
    expect(run.code).toBe(0);
    expect(Buffer.from(parseWav(readFileSync(toFile)).data).equals(Buffer.concat(sent))).toBe(true);
    // What is 16 kHz mono goes out bit for bit, and silence after it.
    const heard = Buffer.concat(
      frames.flatMap((frame) => {
        const data = (JSON.parse(frame) as { realtimeInput?: { audio?: { data?: string } } })
          .realtimeInput?.audio?.data;
        return data === undefined ? [] : [Buffer.from(data, 'base64')];
      }),
    );
    expect(heard.subarray(0, input.length).equals(input)).toBe(true);
    expect(heard.subarray(input.length).every((byte) => byte === 0)).toBe(true);
    expect(heard.length).toBeGreaterThan(input.length);
    sent.length = 0;
    const piped = await runCli(['file', toPipe, '--base-url', server.url, '-o', '-'], {
      timeoutMs: 30_000,
    });
    expect(piped.stdoutBytes.equals(Buffer.concat(sent))).toBe(true);
    await server.close();
  });

  it.concurrent('asks that answers are not interrupted, unless --interrupt says otherwise', async () => {
    const frame = async (...args: string[]) =>
      JSON.parse((await runCli(['file', 'x.pcm', '--dry-run', ...args])).stdout) as {
        setup: { realtimeInputConfig?: { activityHandling?: string } };
      };
    expect((await frame()).setup.realtimeInputConfig?.activityHandling).toBe('NO_INTERRUPTION');
    expect(
      (await frame('--interrupt')).setup.realtimeInputConfig?.activityHandling,
    ).toBeUndefined();
  });

  it.concurrent('gives up on an answer that does not come, keeps what came, and says what to do', async () => {
    const server = await startScriptedServer(async (peer) => {
      await peer.next();
      peer.send({ setupComplete: {} });
      const parts = [
        {
          inlineData: { mimeType: 'audio/pcm;rate=24000', data: chunk(0, 2400).toString('base64') },
        },
      ];
      peer.send({ serverContent: { modelTurn: { parts } } });
    });
    const output = join(folder, 'half.wav');
    const { code, stderr } = await runCli(
      ['file', fixture('stop.pcm'), '--base-url', server.url, '--turn-timeout', '1', '-o', output],
      { timeoutMs: 30_000 },
    );
    expect(code).toBe(6);
    expect(stderr).toMatch(
      /^error: no answer within 1 s.*\n(?: {2}why: .*\n)? {2}try: .*--turn-timeout.*\n$/,
    );
    expect(parseWav(readFileSync(output)).data.byteLength).toBe(4800);
    await server.close();
  });

  it.concurrent('a session that never begins leaves no reply file', async () => {
    const output = join(folder, 'never.wav');
    const { code } = await runCli(
      ['file', fixture('question.wav'), '--base-url', 'http://127.0.0.1:1', '-o', output],
      { env: { GEMINI_API_KEY: 'a-key-of-the-test' } },
    );
    expect(code).toBe(5);
    expect(readdirSync(folder)).not.toContain('never.wav');
  });

  it.concurrent('no reply replaces an input or an existing file, or has a false extension', async () => {
    const place = mkdtempSync(join(folder, 'kept-'));
    const [first, second] = [join(place, 'a.wav'), join(place, 'a.reply.wav')];
    const sound = readFileSync(fixture('question.wav'));
    for (const path of [first, second]) writeFileSync(path, sound);
    symlinkSync(first, join(place, 'link.wav'));
    const cases: [args: string[], text: RegExp][] = [
      [
        [first, second, '--out-dir', place, '--overwrite'],
        /would replace .*a\.reply\.wav, which is an input/,
      ],
      [[first, '-o', join(place, 'link.wav'), '--overwrite'], /link\.wav is the recording itself/],
      [[first, '-o', second], /a\.reply\.wav exists already\n {2}try: .*--overwrite/],
      [[first, '--out-dir', place], /a\.reply\.wav exists already/],
      [[first, '-o', join(place, 'reply.mp3')], /cannot be written as \.mp3/],
      [[first, '-o', join(place, 'reply')], /without an extension/],
    ];
    for (const [args, text] of cases) {
      const { code, stderr } = await runCli(['file', '--local', ...args]);
      expect(code, stderr).toBe(2);
      expect(stderr).toMatch(text);
    }
    for (const path of [first, second]) expect(readFileSync(path).equals(sound)).toBe(true);
    expect(readdirSync(place).toSorted()).toEqual(['a.reply.wav', 'a.wav', 'link.wav']);
  });

  it.concurrent('two inputs of one name do not overwrite each other’s reply', async () => {
    const { code, stderr } = await runCli([
      'file',
      'a/x.wav',
      'b/x.mp3',
      '--local',
      '--out-dir',
      folder,
    ]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/a\/x\.wav and b\/x\.mp3 would both be/);
  });

  it.concurrent('an answer to each input, and the worst exit code of all', async () => {
    const { code, stderr, stdout } = await runCli(
      ['file', fixture('question.wav'), 'missing.wav', '--local', '--stt', 'none', '--tts', 'none'],
      { timeoutMs: 40_000 },
    );
    expect(code).toBe(8);
    expect(stderr).toMatch(/^error: missing\.wav: /m);
    expect(stdout).toMatch(/question\.wav: \[your own words/);
  });
});
