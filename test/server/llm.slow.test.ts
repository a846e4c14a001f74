/**
 * Conversations with engines of the user's choice, from the socket of the client to the socket of the service:
 * memory, instruction, tools, order of sound, interruption, and what is said when something fails.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { wavHeader } from '../../src/audio/fileWriters.ts';
import { levelDbfs } from '../../src/audio/pcm.ts';
import {
  startLiveServer,
  type LiveServer,
  type LiveServerEvent,
  type LiveServerOptions,
} from '../../src/server/server.ts';
import {
  heardIn,
  openSession,
  quiet,
  sendSound,
  soundOf,
  wordsOf,
  type LiveClient,
} from '../support/liveClient.ts';
import {
  bodyOf,
  breakOff,
  chunkOf,
  DONE,
  refuse,
  say,
  sendBytes,
  sendDeltas,
  stall,
  startOpenAiService,
  type Asked,
  type OpenAiService,
} from '../support/openAiService.ts';
import { hasProgram } from '../support/programs.ts';

const QUESTION = readFileSync(join(import.meta.dirname, '../../audio-fixtures/question.pcm'));
const SETUP = { inputAudioTranscription: {}, outputAudioTranscription: {} };
const FAILED = /I cannot answer: what thinks for me has failed\.$/;

let service: OpenAiService;
let server: LiveServer | undefined;
const events: LiveServerEvent[] = [];
const faults = (): string[] =>
  events.flatMap((event) => (event.type === 'fault' ? event.message : []));

async function start(options: LiveServerOptions): Promise<LiveServer> {
  server = await startLiveServer({
    stt: 'none',
    tts: 'none',
    ...options,
    onEvent: (event) => events.push(event),
  });
  return server;
}

beforeEach(async () => {
  events.length = 0;
  service = await startOpenAiService();
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  await service.close();
});

const ask = (client: LiveClient, text: string): void => client.send({ realtimeInput: { text } });

/** What is said to a text, as soon as it is all there: nobody waits until it would have been heard. */
async function answerTo(client: LiveClient, text: string): Promise<string> {
  const from = client.received.length;
  ask(client, text);
  await client.until((message) => message.serverContent?.generationComplete === true, from);
  return wordsOf(client.received.slice(from));
}

const messagesOf = (asked: Asked | undefined): { role: string; content: string }[] =>
  bodyOf(asked)['messages'] as { role: string; content: string }[];

/** For real programs: skipped by name where one is missing; under CI that is a failure. */
function needs(programs: readonly string[], name: string, tests: () => void): void {
  const missing = programs.filter((program) => !hasProgram(program));
  if (missing.length === 0 || process.env['CI'] === 'true') describe(name, tests);
  else describe.skip(`${name} [skipped: no ${missing.join(', ')} here]`, tests);
}

describe('a model behind a service', () => {
  it('is named, remembers, and knows its instruction', async () => {
    const { url, engines } = await start({ llm: service.url });
    expect((await engines).brain).toMatch(/^stand-in at 127\.0\.0\.1:\d+$/);
    const client = await openSession(url, {
      ...SETUP,
      systemInstruction: { parts: [{ text: 'Be brief.' }] },
      generationConfig: { temperature: 0.2 },
    });
    service.behave(say('Hello ', 'Ada.'));
    expect(await answerTo(client, 'I am Ada.')).toBe('Hello Ada.');
    service.behave(say('Ada.'));
    expect(await answerTo(client, 'Who am I?')).toBe('Ada.');
    expect(bodyOf(service.asked[1])).toMatchObject({ temperature: 0.2 });
    expect(messagesOf(service.asked[1])).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'I am Ada.' },
      { role: 'assistant', content: 'Hello Ada.' },
      { role: 'user', content: 'Who am I?' },
    ]);
    expect(faults()).toEqual([]);
    await client.close();
  });

  it('calls functions, and speaks of what they gave', async () => {
    const { url } = await start({ llm: service.url });
    const client = await openSession(url, {
      ...SETUP,
      tools: [{ functionDeclarations: [{ name: 'get_weather', behavior: 'BLOCKING' }] }],
    });
    const call = { index: 0, id: 'x', function: { name: 'get_weather', arguments: '{"city":' } };
    const rest = { index: 0, function: { arguments: '"Oslo"}' } };
    service.behave(sendDeltas([{ tool_calls: [call] }, { tool_calls: [rest] }], 'tool_calls'));
    ask(client, 'Weather?');
    const { toolCall } = await client.until((message) => message.toolCall !== undefined);
    const [called] = toolCall?.functionCalls ?? [];
    expect(called).toMatchObject({ name: 'get_weather', args: { city: 'Oslo' } });
    service.behave(say('Four degrees.'));
    client.send({
      toolResponse: {
        functionResponses: [{ id: called?.id, name: 'get_weather', response: { tempC: 4 } }],
      },
    });
    expect(wordsOf(await client.turn(1))).toBe('Four degrees.');
    expect(messagesOf(service.asked[1]).slice(-2)).toEqual([
      expect.objectContaining({
        role: 'assistant',
        tool_calls: [expect.objectContaining({ id: called?.id })],
      }),
      { role: 'tool', tool_call_id: called?.id, content: '{"tempC":4}' },
    ]);
    await client.close();
  });

  it('that only calls functions is stopped, and the session lives', async () => {
    const { url } = await start({ llm: service.url });
    const client = await openSession(url, {
      ...SETUP,
      tools: [{ functionDeclarations: [{ name: 'look', behavior: 'BLOCKING' }] }],
    });
    client.socket.on('message', (data: Buffer) => {
      const { toolCall } = JSON.parse(data.toString()) as {
        toolCall?: { functionCalls: { id: string }[] };
      };
      const [call] = toolCall?.functionCalls ?? [];
      const response = { id: call?.id, name: 'look', response: { output: 'nothing' } };
      if (call) client.send({ toolResponse: { functionResponses: [response] } });
    });
    const call = { index: 0, id: 'x', function: { name: 'look', arguments: '{}' } };
    service.behave(sendDeltas([{ tool_calls: [call] }], 'tool_calls'));
    expect(await answerTo(client, 'Look around.')).toMatch(FAILED);
    expect(service.asked).toHaveLength(9);
    expect(bodyOf(service.asked[7])['tool_choice']).toBeUndefined();
    expect(bodyOf(service.asked[8])['tool_choice']).toBe('none');
    expect(faults()).toEqual([expect.stringMatching(/calls functions again and again/)]);
    await client.close();
  });

  it.each([
    ['while it thinks', stall(), false],
    ['while it speaks', stall('One sentence. ', 'And half of an'), true],
  ])(
    'is interrupted %s: its request ends, and the next is answered',
    async (_when, behaviour, speaks) => {
      const { url } = await start({ llm: service.url });
      const client = await openSession(url, SETUP);
      service.behave(behaviour);
      ask(client, 'Tell me a story.');
      if (speaks) await client.until((message) => soundOf([message]).length > 0);
      else await expect.poll(() => service.asked.length).toBe(1);
      service.behave(say('Yes.'));
      ask(client, 'Stop. Are you there?');
      expect(await service.asked[0]?.over).toBe('cut');
      const over = (): boolean => wordsOf(client.received).endsWith('Yes.');
      await client.until(over);
      if (speaks) {
        const told = client.received.map(({ serverContent }) => serverContent ?? {});
        const cutAt = told.findIndex((content) => content.interrupted === true);
        const words = wordsOf(client.received.slice(0, cutAt));
        expect(words).toBe('One sentence. ');
        expect(wordsOf(client.received)).toBe('One sentence. Yes.');
        // Only what was heard is remembered.
        expect(messagesOf(service.asked[1])[2]).toEqual({
          role: 'assistant',
          content: 'One sentence. ',
        });
      }
      expect(faults()).toEqual([]);
      await client.close();
    },
  );

  it.each([
    ['the client goes', (client: LiveClient) => client.socket.terminate()],
    ['the server closes', () => void server?.close()],
  ])('its request ends when %s', async (_what, end) => {
    const { url } = await start({ llm: service.url });
    const client = await openSession(url, SETUP);
    service.behave(stall('Well. '));
    ask(client, 'Hello.');
    await client.until((message) => wordsOf([message]) !== '');
    end(client);
    expect(await service.asked[0]?.over).toBe('cut');
  });

  it.each([
    ['refuses', refuse(500, 'out of memory'), '', /brain failed: 127.*answered 500: out of memory/],
    ['breaks off', breakOff('It is four. ', 'It'), 'It is four. ', /closed the connection/],
    ['says nothing', say(), '', /answered nothing/],
  ])(
    'that %s: told, said plainly, and the session lives',
    async (_what, behaviour, before, words) => {
      const { url } = await start({ llm: service.url });
      const client = await openSession(url, SETUP);
      service.behave(behaviour);
      const said = await answerTo(client, 'Hello.');
      expect(said).toMatch(FAILED);
      expect(said.startsWith(before)).toBe(true);
      expect(faults()).toEqual([expect.stringMatching(words)]);
      service.behave(say('Here I am.'));
      expect(await answerTo(client, 'And now?')).toBe('Here I am.');
      await client.close();
    },
  );

  it('that is stuck in one session answers in the others', async () => {
    const { url } = await start({ llm: service.url });
    const stuck = await openSession(url, SETUP);
    const other = await openSession(url, SETUP);
    service.behave(stall());
    ask(stuck, 'Hello.');
    await expect.poll(() => service.asked.length).toBe(1);
    service.behave(say('Here.'));
    expect(await answerTo(other, 'Hello.')).toBe('Here.');
    await stuck.close();
    await other.close();
  });

  it('writes thoughts, which are not spoken', async () => {
    const { url } = await start({ llm: service.url });
    const client = await openSession(url, SETUP);
    service.behave(sendDeltas([{ reasoning_content: 'Hm. ' }, { content: 'Yes.' }]));
    expect(await answerTo(client, 'Hello.')).toBe('Yes.');
    await client.close();
  });
});

describe('ears and voice behind a service', () => {
  it('hear a WAV, and speak one', async () => {
    const { url, engines } = await start({
      stt: `${service.url}?language=en`,
      tts: `${service.url}?voice=anna`,
    });
    expect(await engines).toMatchObject({
      ears: expect.stringMatching(/^whisper-1 at /),
      voice: expect.stringMatching(/^tts-1 at /),
    });
    const tone = Buffer.alloc(16_000).fill(Buffer.from([0, 32]));
    const wav = Buffer.concat([wavHeader({ sampleRateHz: 16_000, channels: 1 }, undefined), tone]);
    service.behave((response, asked) => {
      if (asked.path.endsWith('/speech')) void sendBytes(wav, 'audio/wav')(response, asked);
      else response.end(JSON.stringify({ text: ' What is 3 times 4?\n' }));
    });
    const client = await openSession(url, SETUP);
    sendSound(client, QUESTION);
    sendSound(client, quiet(1000));
    const turn = await client.turn();
    expect(heardIn(turn)).toEqual(['What is 3 times 4?']);
    expect(wordsOf(turn)).toBe('3 times 4 is 12.');
    expect(soundOf(turn).length).toBe(24_000); // half a second, at 24 kHz
    expect(levelDbfs(soundOf(turn))).toBeGreaterThan(-20);
    const [heard, spoken] = service.asked;
    expect(heard?.path).toBe('/v1/audio/transcriptions');
    const form = heard?.raw.toString('latin1') ?? '';
    expect(form).toMatch(
      /name="file"; filename="speech\.wav"\r\nContent-Type: audio\/wav\r\n\r\nRIFF/,
    );
    expect(form).toMatch(/name="model"\r\n\r\nwhisper-1\r\n/);
    expect(form).toMatch(/name="language"\r\n\r\nen\r\n/);
    expect(spoken?.path).toBe('/v1/audio/speech');
    expect(bodyOf(spoken)).toEqual({
      model: 'tts-1',
      input: '3 times 4 is 12.',
      voice: 'anna',
      response_format: 'wav',
    });
    await client.close();
  });

  it('a voice that streams is heard before its sentence is whole', async () => {
    const { url } = await start({ tts: `${service.url}?format=pcm` });
    let goOn = (): void => {};
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    service.behave(async (response) => {
      response.write(Buffer.alloc(24_001, 1)); // an odd number: a sample is cut in two
      await gate;
      response.end(Buffer.alloc(23_999, 1));
    });
    const client = await openSession(url, SETUP);
    ask(client, 'say one two three');
    await client.until((message) => soundOf([message]).length > 0);
    goOn(); // the service only goes on when that has been heard
    const turn = await client.turn();
    expect(soundOf(turn)).toEqual(Buffer.alloc(48_000, 1));
    await client.close();
  });

  it('are left alone when somebody interrupts', async () => {
    const { url } = await start({ stt: service.url, tts: service.url });
    service.behave(stall());
    const client = await openSession(url, SETUP);
    sendSound(client, QUESTION);
    sendSound(client, quiet(1000));
    await expect.poll(() => service.asked.length).toBe(1);
    ask(client, 'say yes');
    expect(await service.asked[0]?.over).toBe('cut');
    await expect.poll(() => service.asked.length).toBe(2);
    ask(client, 'say no');
    expect(await service.asked[1]?.over).toBe('cut');
    await client.close();
  });

  it('that fail: a sound check, and words over silence, both told', async () => {
    const { url } = await start({ stt: service.url, tts: service.url });
    const client = await openSession(url, SETUP);
    service.behave(refuse(503, 'loading'));
    sendSound(client, QUESTION);
    sendSound(client, quiet(1000));
    expect(wordsOf(await client.turn(1))).toMatch(/^\[your own words/);
    service.behave(sendBytes(Buffer.from('ID3 and so on, which nobody decodes'), 'audio/mpeg'));
    ask(client, 'say yes');
    const turn = await client.turn(2);
    expect(wordsOf(turn)).toBe('Yes.');
    expect(soundOf(turn).every((byte) => byte === 0)).toBe(true);
    expect(faults()).toEqual([
      expect.stringMatching(/recogniser failed: 127.*answered 503: loading/),
      expect.stringMatching(/voice failed: it speaks MP3/),
    ]);
    await client.close();
  });
});

describe('commands', () => {
  it('hear, think and speak, and remember', async () => {
    const { url, engines } = await start({
      stt: 'cat > /dev/null; echo hello there',
      llm: 'tail -n 1 | tr a-z A-Z',
      tts: 'head -c 1 > /dev/null; head -c 24000 /dev/zero | tr "\\0" "\\001"',
    });
    expect((await engines).brain).toBe('tail -n 1 | tr a-z A-Z');
    const client = await openSession(url, SETUP);
    sendSound(client, QUESTION);
    sendSound(client, quiet(1000));
    const turn = await client.turn(1);
    expect(heardIn(turn)).toEqual(['hello there']);
    expect(wordsOf(turn).trim()).toBe('HELLO THERE');
    expect(soundOf(turn)).toEqual(Buffer.alloc(24_000, 1));
    await client.close();
  });

  it('that fail are told, and said plainly', async () => {
    const { url } = await start({ llm: 'echo "no such model" >&2; exit 1' });
    const client = await openSession(url, SETUP);
    expect(await answerTo(client, 'hi')).toMatch(FAILED);
    expect(faults()).toEqual([
      expect.stringMatching(/brain failed: .*ended with 1: no such model/),
    ]);
    await client.close();
  });
});

needs(['pocketsphinx_continuous', 'flite'], 'pocketsphinx, flite and a model that streams', () => {
  it('the first sentence is heard before the second is thought', async () => {
    const { url } = await start({ llm: service.url, stt: 'pocketsphinx', tts: 'flite' });
    let goOn = (): void => {};
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    let sentMs = NaN;
    service.behave(async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const content of ['Twelve times', ' twelve is one hundred', ' and forty four.', ' ']) {
        response.write(chunkOf({ content }));
      }
      sentMs = performance.now();
      await gate;
      response.end(chunkOf({ content: 'Ask me another.' }) + chunkOf({}, 'stop') + DONE);
    });
    const client = await openSession(url, SETUP);
    sendSound(client, QUESTION);
    sendSound(client, quiet(1000));
    const first = await client.until((message) => soundOf([message]).length > 0);
    console.log(`first sentence → first sound: ${Math.round(first.at - sentMs)} ms (flite)`);
    goOn(); // the second sentence is only thought when the first is heard
    const turn = await client.turn();
    expect(messagesOf(service.asked[0]).at(-1)).toEqual({
      role: 'user',
      content: 'what is twelve times twelve',
    });
    expect(wordsOf(turn)).toBe(
      'Twelve times twelve is one hundred and forty four. Ask me another.',
    );
    expect(levelDbfs(soundOf(turn))).toBeGreaterThan(-35);
    await client.close();
  });

  it('as commands of the user', async () => {
    const { url } = await start({
      stt: 'pocketsphinx_continuous -infile {file} -logfn /dev/null',
      tts: 'flite -voice awb',
    });
    const client = await openSession(url, SETUP);
    sendSound(client, QUESTION);
    sendSound(client, quiet(1000));
    const turn = await client.turn();
    expect(heardIn(turn)[0]).toMatch(/twelve times twelve/);
    expect(wordsOf(turn)).toBe('12 times 12 is 144.');
    expect(levelDbfs(soundOf(turn))).toBeGreaterThan(-35);
    expect(faults()).toEqual([]);
    await client.close();
  });
});

needs(['espeak-ng'], 'espeak-ng', () => {
  it('as a command of the user', async () => {
    const { url } = await start({ tts: 'espeak-ng -v de -s 200' });
    const client = await openSession(url, SETUP);
    ask(client, 'say guten Tag');
    const sound = soundOf(await client.turn());
    expect(levelDbfs(sound)).toBeGreaterThan(-35);
    expect(sound.length / 48_000).toBeGreaterThan(0.3);
    expect(sound.length / 48_000).toBeLessThan(3);
    await client.close();
  });
});
