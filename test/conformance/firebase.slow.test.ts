/** The Live session of `@firebase/ai`, a second client that nobody here wrote, over Firebase's own paths. */
import { ResponseModality, type FunctionCall } from '@firebase/ai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { CALLER } from './brain.ts';
import {
  bytesFor,
  connectFirebase,
  contentsOf,
  heardFrom,
  redirectFirebase,
  spokenTo,
  turnFor,
  type FirebaseClient,
  type FirebaseOptions,
} from './clients/firebase.ts';
import { fixture } from './clients/sdk.ts';
import { watchedServer } from './watch.ts';

const server = watchedServer('Firebase', 'firebase', {
  // Its functions block unless the model is told otherwise, which this client cannot.
  allowRetired: true,
  brain: CALLER,
});
let restore = (): void => {};
beforeAll(() => {
  restore = redirectFirebase(server.url);
});
afterAll(() => restore());

const VOICE = {
  responseModalities: [ResponseModality.AUDIO],
  inputAudioTranscription: {},
  outputAudioTranscription: {},
};
const connect = (options: FirebaseOptions = {}): Promise<FirebaseClient> =>
  connectFirebase({ generationConfig: VOICE, ...options });

const tools = [
  { functionDeclarations: [{ name: 'get_weather', description: 'The weather of a city.' }] },
];
const callsOf = ({ messages }: FirebaseClient): FunctionCall[] =>
  messages.flatMap((message) => (message.type === 'toolCall' ? message.functionCalls : []));
async function called(client: FirebaseClient): Promise<FunctionCall> {
  await until('a call', () => callsOf(client).length > 0);
  const [call] = callsOf(client);
  if (!call) throw new Error('no call');
  return call;
}
const handlesOf = ({ messages }: FirebaseClient): string[] =>
  messages.flatMap((message) =>
    message.type === 'sessionResumptionUpdate' && message.newHandle ? [message.newHandle] : [],
  );

async function speak(client: FirebaseClient, pcm: Buffer, listening: () => boolean): Promise<void> {
  const startMs = performance.now();
  for (let index = 0; index * 1280 < pcm.length || listening(); index += 1) {
    const bytes = Buffer.alloc(1280);
    pcm.subarray(index * 1280, (index + 1) * 1280).copy(bytes);
    await client.session.sendAudioRealtime({
      mimeType: 'audio/pcm',
      data: bytes.toString('base64'),
    });
    await new Promise((resolve) =>
      setTimeout(resolve, Math.max(0, startMs + (index + 1) * 40 - performance.now())),
    );
    if (index > 1500) throw new Error('nobody answered for a minute');
  }
}

describe('Firebase talks to the local server', () => {
  it.each([
    ['by the Gemini path', false],
    ['by the Vertex path', true],
  ])('in content, %s: sound and words', async (_how, vertex) => {
    const client = await connect({ vertex, systemInstruction: 'Be brief.' });
    await client.session.send('what is 12 times 12');
    await turnFor(client);
    expect(spokenTo(client)).toBe('12 times 12 is 144.');
    expect(bytesFor(client)).toBeGreaterThan(24_000);
    await client.close();
  });

  it('in text', async () => {
    const client = await connect();
    await client.session.sendTextRealtime('say yes');
    await turnFor(client);
    expect(spokenTo(client)).toBe('Yes.');
    await client.close();
  });

  it('in sound: both transcriptions', async () => {
    const client = await connect();
    await speak(client, fixture('question.pcm'), () => spokenTo(client) === '');
    await turnFor(client);
    expect(heardFrom(client)).toBe('what is twelve times twelve');
    expect(spokenTo(client)).toBe('12 times 12 is 144.');
    await client.close();
  });

  it('in media chunks, as it used to', async () => {
    // 3.8 does not hear what comes in them.
    const client = await connect({ model: 'gemini-2.5-flash-native-audio-latest' });
    const data = fixture('question.pcm').toString('base64');
    await client.session.sendMediaChunks([{ mimeType: 'audio/pcm', data }]);
    await client.session.sendMediaChunks([
      { mimeType: 'audio/pcm', data: Buffer.alloc(64_000).toString('base64') },
    ]);
    await turnFor(client);
    expect(heardFrom(client)).toBe('what is twelve times twelve');
    await client.close();
  });

  it('and is interrupted when it speaks over the answer', async () => {
    const client = await connect();
    await client.session.sendTextRealtime('count to one hundred');
    await until('an answer', () => bytesFor(client) > 0);
    await speak(
      client,
      fixture('stop.pcm'),
      () => !contentsOf(client).some(({ interrupted }) => interrupted),
    );
    const order = contentsOf(client).flatMap((content) =>
      content.interrupted ? ['interrupted'] : content.turnComplete ? ['over'] : [],
    );
    expect(order.slice(0, 2)).toEqual(['interrupted', 'over']);
    await client.close();
  });

  it('calls a function, and is told of the result', async () => {
    const client = await connect({ tools });
    await client.session.sendTextRealtime('what is the weather in Oslo');
    const { id = '', name, args } = await called(client);
    expect({ name, args }).toEqual({ name: 'get_weather', args: { city: 'Oslo' } });
    await turnFor(client);
    await client.session.sendFunctionResponses([{ id, name, response: { output: 'cold' } }]);
    await turnFor(client, 2);
    expect(spokenTo(client)).toBe('The weather: cold.');
    await client.close();
  });

  it('is told that a call is cancelled', async () => {
    const client = await connect({ tools, model: 'gemini-3.1-flash-live-preview' });
    await client.session.sendTextRealtime('what is the weather in Oslo');
    const { id } = await called(client);
    await client.session.sendTextRealtime('say yes');
    await turnFor(client, 2);
    const cancelled = client.messages.flatMap((message) =>
      message.type === 'toolCallCancellation' ? (message.functionIds ?? []) : [],
    );
    const raw = client.messages.find((message) => message.type === 'toolCallCancellation');
    // Its type says `functionIds`; what it hands on is the wire's `ids`.
    expect([...cancelled, ...((raw as { ids?: string[] } | undefined)?.ids ?? [])]).toEqual([id]);
    await client.close();
  });

  it('takes its session up again', async () => {
    const client = await connect({ resumption: {} });
    await client.session.sendTextRealtime('my name is Ada');
    await until('a handle', () => handlesOf(client).length > 0);
    await client.session.resumeSession({ handle: handlesOf(client).at(-1) ?? '' });
    client.listen();
    await client.session.sendTextRealtime('what is my name');
    await until('its name', () => spokenTo(client).endsWith('Your name is Ada.'));
    await client.close();
  });

  it('is refused before setup is complete', async () => {
    await expect(connect({ model: 'gemini-none-live' })).rejects.toThrow(
      /did not respond with a setupComplete message/,
    );
  });
});

describe('Firebase, on a connection that is old', () => {
  const brief = watchedServer('Firebase', 'firebase', {
    stt: 'none',
    tts: 'none',
    goAwaySeconds: 1,
  });

  it('is told to go', async () => {
    restore();
    restore = redirectFirebase(brief.url);
    const client = await connect();
    await until('goAway', () =>
      client.messages.some((message) => message.type === 'goingAwayNotice'),
    );
    const notice = client.messages.find((message) => message.type === 'goingAwayNotice');
    expect(notice).toEqual({ type: 'goingAwayNotice', timeLeft: 0.5 });
    await client.close();
  });
});
