/** Ears and voices: the real ones where this machine has them, and ones that break, hang and die. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { levelDbfs } from '../../src/audio/pcm.ts';
import { startLiveServer, type LiveServer, type LiveServerEvent } from '../../src/server/server.ts';
import {
  heardIn,
  openSession,
  quiet,
  sendSound,
  soundOf,
  wordsOf,
  type LiveClient,
} from '../support/liveClient.ts';
import { hasProgram, untilGone } from '../support/programs.ts';
import { writeWav } from '../support/wav.ts';

const QUESTION = readFileSync(join(import.meta.dirname, '../../audio-fixtures/question.pcm'));
const SETUP = { inputAudioTranscription: {}, outputAudioTranscription: {} };

function ask(client: LiveClient): void {
  sendSound(client, QUESTION);
  sendSound(client, quiet(1000));
}

/** For real programs: skipped by name where one is missing; under CI that is a failure. */
function needs(programs: readonly string[], name: string, tests: () => void): void {
  const missing = programs.filter((program) => !hasProgram(program));
  if (missing.length === 0 || process.env['CI'] === 'true') describe(name, tests);
  else describe.skip(`${name} [skipped: no ${missing.join(', ')} here]`, tests);
}

needs(['pocketsphinx_continuous', 'flite'], 'pocketsphinx and flite', () => {
  let server: LiveServer;
  beforeAll(async () => {
    server = await startLiveServer({ stt: 'pocketsphinx', tts: 'flite' });
  });
  afterAll(() => server.close());

  it('are found and named', async () => {
    expect(await server.engines).toEqual({
      ears: 'pocketsphinx',
      brain: 'built-in',
      voice: 'flite',
    });
  });

  it('hear a question and speak the answer, which can be understood again', async () => {
    const client = await openSession(server.url, {
      ...SETUP,
      generationConfig: {
        speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Charon' } } },
      },
    });
    ask(client);
    const turn = await client.turn(1);
    expect(heardIn(turn)).toEqual(['what is twelve times twelve']);
    expect(wordsOf(turn)).toBe('12 times 12 is 144.');
    const spoken = soundOf(turn);
    expect(levelDbfs(spoken)).toBeGreaterThan(-35);
    // The answer, heard by the same ears: 24 kHz, as it came.
    await sleep(100);
    sendSound(client, spoken, 24_000);
    sendSound(client, quiet(1000));
    const [heard] = heardIn(await client.turn(2));
    expect(heard).toMatch(/twelve times twelve/);
    expect(heard).toMatch(/hundred/);
    await client.close();
  });

  it('begin a long answer before it is all made', async () => {
    const client = await openSession(server.url, SETUP);
    const startMs = performance.now();
    client.send({ realtimeInput: { text: 'count to 200' } });
    const first = await client.until((message) => soundOf([message]).length > 0);
    expect(first.at - startMs).toBeLessThan(2000);
    await client.close();
  });

  it('have two voices', async () => {
    const sounds = await Promise.all(
      ['Charon', 'Kore'].map(async (voiceName) => {
        const client = await openSession(server.url, {
          generationConfig: {
            speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName } } },
          },
        });
        client.send({ realtimeInput: { text: 'say yes' } });
        const sound = soundOf(await client.turn());
        await client.close();
        return sound.toString('base64');
      }),
    );
    expect(sounds[0]).not.toBe(sounds[1]);
  });

  it('speak whatever the text is', async () => {
    const client = await openSession(server.url, SETUP);
    const texts = [
      '-v',
      '<speak>hi</speak>',
      '/etc/passwd',
      '$(touch x) `y`',
      'ÄÖ 你好 👋',
      '...',
      'a'.repeat(200),
    ];
    for (const [index, text] of texts.entries()) {
      client.send({ realtimeInput: { text: `say ${text}` } });
      await client.until(
        (message) => message.serverContent?.generationComplete === true,
        client.received.length,
      );
      if (index === 0) expect(wordsOf(client.received)).toBe('-v.');
    }
    await client.close();
  });
});

needs(['espeak-ng'], 'espeak-ng', () => {
  it('speaks', async () => {
    const server = await startLiveServer({ stt: 'none', tts: 'espeak-ng' });
    const client = await openSession(server.url);
    client.send({ realtimeInput: { text: 'say hello there' } });
    const sound = soundOf(await client.turn());
    expect(levelDbfs(sound)).toBeGreaterThan(-35);
    expect(sound.length / 48_000).toBeGreaterThan(0.5);
    expect(sound.length / 48_000).toBeLessThan(3);
    await server.close();
  });
});

describe('engines that fail', () => {
  let folder: string;
  let server: LiveServer;
  const events: LiveServerEvent[] = [];
  const faults = (): string[] =>
    events.flatMap((event) => (event.type === 'fault' ? event.message : []));

  /** What the fake programs do from now on: they are found first, and then told. */
  const behave = (what: string): void => writeFileSync(join(folder, 'behaviour'), what);
  const pids = (): number[] => {
    try {
      return readFileSync(join(folder, 'pids'), 'utf8').split('\n').filter(Boolean).map(Number);
    } catch {
      return [];
    }
  };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gemlive-engines-'));
    const behaviour = `case "$(cat ${folder}/behaviour)" in
      die) kill -9 $$ ;;
      fail) echo "no model" >&2; exit 3 ;;
      hang) echo $$ >> ${folder}/pids; exec sleep 60 ;;
      slow) sleep 1 ;;
    esac\n`;
    const programs = {
      pocketsphinx_continuous: `${behaviour}echo "what is two plus two"`,
      // Listed with its voices; speaks no sound that could be read.
      flite: `if [ "$1" = -lv ]; then echo "Voices available: slt rms"; exit 0; fi\n${behaviour}echo nonsense`,
    };
    for (const [name, body] of Object.entries(programs)) {
      writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
      chmodSync(join(folder, name), 0o755);
    }
    behave('work');
    events.length = 0;
  });
  afterEach(async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(choice: { stt: string; tts: string }): Promise<LiveClient> {
    server = await startLiveServer({
      ...choice,
      environment: { PATH: `${folder}:/usr/bin:/bin` },
      onEvent: (event) => events.push(event),
    });
    return openSession(server.url, SETUP);
  }
  const EARS = { stt: 'pocketsphinx', tts: 'none' };
  const VOICE = { stt: 'none', tts: 'flite' };

  it.each(['die', 'fail'])(
    'ears that %s: a sound check, told, and the next turn is heard',
    async (what) => {
      const client = await start(EARS);
      behave(what);
      ask(client);
      const turn = await client.turn(1);
      expect(heardIn(turn)[0]).toMatch(/^\[speech, 1\.\d s\]$/);
      expect(wordsOf(turn)).toMatch(/^\[your own words/);
      expect(levelDbfs(soundOf(turn))).toBeGreaterThan(-40);
      expect(faults()).toEqual([expect.stringMatching(/recogniser failed.*pocketsphinx/)]);
      behave('work');
      ask(client);
      expect(wordsOf(await client.turn(2))).toBe('2 plus 2 is 4.');
      await client.close();
    },
  );

  it.each(['die', 'fail', 'speak nonsense'])(
    'a voice that does %s: the words, over silence',
    async (what) => {
      const client = await start(VOICE);
      behave(what);
      client.send({ realtimeInput: { text: 'say one two three' } });
      const turn = await client.turn();
      expect(wordsOf(turn)).toBe('One two three.');
      expect(soundOf(turn).length / 48_000).toBeCloseTo(1.2, 1);
      expect(soundOf(turn).every((byte) => byte === 0)).toBe(true);
      await client.close();
    },
  );

  it.each([
    [
      'an interruption',
      (client: LiveClient) => client.send({ realtimeInput: { text: 'say yes' } }),
    ],
    ['the end of the connection', (client: LiveClient) => client.socket.terminate()],
    ['the end of the server', () => void server.close()],
  ])('ears that hang are killed at %s', async (_what, end) => {
    const client = await start(EARS);
    behave('hang');
    ask(client);
    await expect.poll(pids).toHaveLength(1);
    end(client);
    const [pid = 0] = pids();
    expect(await untilGone(pid)).toBe(true);
  });

  it('a voice that hangs is killed at an interruption', async () => {
    const client = await start(VOICE);
    behave('hang');
    client.send({ realtimeInput: { text: 'count to 30' } });
    await expect.poll(() => pids().length).toBeGreaterThan(0);
    behave('work');
    client.send({ realtimeInput: { text: 'say yes' } });
    expect(wordsOf(await client.turn())).toBe('Yes.');
    for (const pid of pids()) expect(await untilGone(pid)).toBe(true);
    await client.close();
  });

  it('who goes on speaking before an answer has begun is heard as one, counted once', async () => {
    const client = await start(EARS);
    behave('slow');
    ask(client);
    await sleep(300);
    ask(client);
    const turn = await client.turn();
    expect(heardIn(turn)).toEqual(['what is two plus two']);
    const audio = turn
      .at(-1)
      ?.usageMetadata?.promptTokensDetails?.find(({ modality }) => modality === 'AUDIO');
    const spokenOnce = audio?.tokenCount ?? 0;
    expect(spokenOnce).toBeGreaterThan(2 * 1.7 * 25);
    expect(spokenOnce).toBeLessThan(2 * 3 * 25);
    await client.close();
  });

  it('an utterance that waits for its turn is heard meanwhile, and no longer than its session', async () => {
    server = await startLiveServer({
      ...EARS,
      environment: { PATH: `${folder}:/usr/bin:/bin` },
    });
    const client = await openSession(server.url, {
      ...SETUP,
      realtimeInputConfig: { activityHandling: 'NO_INTERRUPTION' },
    });
    behave('slow');
    client.send({ realtimeInput: { text: 'count to 5' } });
    ask(client);
    const first = (await client.turn(1)).at(-1)?.at ?? NaN;
    const heard = await client.until((message) => heardIn([message]).length > 0);
    expect(heard.at - first).toBeLessThan(500); // a second, had it begun only now
    await client.turn(2);
    behave('hang');
    client.send({ realtimeInput: { text: 'count to 50' } });
    ask(client);
    await expect.poll(pids).toHaveLength(1);
    await client.close();
    expect(await untilGone(pids()[0] ?? 0)).toBe(true);
  });

  it('an utterance that a text cut off is not heard again with a later one', async () => {
    const client = await start(EARS);
    behave('hang');
    ask(client);
    await expect.poll(pids).toHaveLength(1);
    client.send({ realtimeInput: { text: 'say yes' } });
    await client.turn(1);
    behave('fail'); // then the transcript tells how long it was
    ask(client);
    expect(heardIn(await client.turn(2))[0]).toMatch(/^\[speech, 1\.\d s\]$/);
    await client.close();
  });

  it('whisper-cli and piper come first where their models are named, with the arguments that they want', async () => {
    const programs = {
      'whisper-cli':
        'case "$*" in --help) ;; "-m /m w.bin -nt -np -f "*.wav) head -c 4 "$6" > /dev/null && echo " what is 3 plus 3" ;; *) exit 9 ;; esac',
      piper: `case "$*" in --help) ;; "-m v.onnx --output_file "*.wav) cat > ${folder}/said; cp ${folder}/tone.wav "$4"; echo "$4" ;; *) exit 9 ;; esac`,
    };
    for (const [name, body] of Object.entries(programs)) {
      writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
      chmodSync(join(folder, name), 0o755);
    }
    writeWav(join(folder, 'tone.wav'), Buffer.alloc(22_050, 1), {
      sampleRateHz: 22_050,
      channels: 1,
    });
    const environment = { PATH: `${folder}:/usr/bin:/bin` };
    const faulty: string[] = [];
    const without = await startLiveServer({ environment });
    expect(await without.engines).toMatchObject({ ears: 'pocketsphinx', voice: 'flite' });
    await without.close();
    server = await startLiveServer({
      environment: { ...environment, WHISPER_MODEL: '/m w.bin', PIPER_MODEL: 'v.onnx' },
      onEvent: (event) => event.type === 'fault' && faulty.push(event.message),
    });
    expect(await server.engines).toMatchObject({ ears: 'whisper-cli', voice: 'piper' });
    const client = await openSession(server.url, SETUP);
    ask(client);
    const turn = await client.turn();
    expect(heardIn(turn)).toEqual(['what is 3 plus 3']);
    expect(wordsOf(turn)).toBe('3 plus 3 is 6.');
    expect(soundOf(turn)).toHaveLength(24_000); // half a second, at 24 kHz
    expect(readFileSync(join(folder, 'said'), 'utf8')).toBe('3 plus 3 is 6.\n');
    expect(faulty).toEqual([]);
    await client.close();
  });

  it('programs that are there but do not work are not found', async () => {
    behave('fail');
    server = await startLiveServer({ environment: { PATH: `${folder}:/usr/bin:/bin` } });
    expect((await server.engines).ears).toBe('none');
  });
});
