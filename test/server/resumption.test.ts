/** Sessions that outlive their connections, and what a handle stands for. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Brain } from '../../src/server/brain/brain.ts';
import { startLiveServer, type LiveServer } from '../../src/server/server.ts';
import {
  openClient,
  openSession,
  sendSound,
  VERTEX_PATH,
  wordsOf,
  type LiveClient,
} from '../support/liveClient.ts';

/** Says everything it remembers. */
const recaller: Brain = {
  name: 'recaller',
  async *think({ turns, system }, signal) {
    const last = turns.at(-1);
    if (last?.role === 'user' && /call/.test(last.text)) yield { call: { name: 'x', args: {} } };
    if (last?.role === 'user' && /slowly/.test(last.text)) {
      yield { text: 'It begins. ' };
      await new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      );
    }
    yield {
      text: `${system ?? ''}|${turns.map((turn) => ('text' in turn ? turn.text : '')).join('|')}`,
    };
  },
};

let server: LiveServer;
let now = Date.now();
beforeAll(async () => {
  server = await startLiveServer({
    stt: 'none',
    tts: 'none',
    allowRetired: true,
    brain: recaller,
    now: () => new Date(now),
  });
});
afterAll(() => server.close());

const EXPIRED = { code: 1008, reason: 'BidiGenerateContent session expired' };
/** Words without sound: nothing is held. */
const TEXT = {
  model: 'models/gemini-live-2.5-flash-preview',
  generationConfig: { responseModalities: ['TEXT'] },
};

const updatesOf = ({ received }: LiveClient) =>
  received.flatMap((message) => message.sessionResumptionUpdate ?? []);
const handlesOf = (client: LiveClient): string[] =>
  updatesOf(client).flatMap(({ newHandle }) => newHandle ?? []);

async function handle(client: LiveClient, count = 1): Promise<string> {
  await client.until(() => handlesOf(client).length >= count);
  return handlesOf(client)[count - 1] ?? '';
}

const open = (handleOf?: string, setup: object = TEXT): Promise<LiveClient> =>
  openSession(server.url, {
    ...setup,
    sessionResumption: handleOf === undefined ? {} : { handle: handleOf },
  });

async function refusal(handleOf: string, setup: object = TEXT) {
  const client = await openClient(server.url);
  client.send({ setup: { ...setup, sessionResumption: { handle: handleOf } } });
  return client.closed;
}

const ask = (client: LiveClient, text: string): void => client.send({ realtimeInput: { text } });

describe('a handle', () => {
  it('comes after each turn, and none while something is said', async () => {
    const client = await open();
    ask(client, 'one');
    await handle(client);
    ask(client, 'two');
    await handle(client, 2);
    expect(updatesOf(client).map(({ resumable }) => resumable ?? false)).toEqual([
      true,
      false,
      true,
    ]);
    const after = client.received.findIndex((message) => message.serverContent?.turnComplete);
    expect(client.received[after + 1]?.sessionResumptionUpdate?.resumable).toBe(true);
    await client.close();
  });

  it('is not given to who did not ask', async () => {
    const client = await openSession(server.url, TEXT);
    ask(client, 'one');
    await client.turn();
    ask(client, 'two');
    await client.turn(2);
    expect(updatesOf(client)).toEqual([]);
    await client.close();
  });

  it('does not come while a call waits for its result', async () => {
    const tools = [{ functionDeclarations: [{ name: 'x', behavior: 'NON_BLOCKING' }] }];
    const client = await open(undefined, { ...TEXT, tools });
    ask(client, 'call');
    const { toolCall } = await client.until((message) => message.toolCall !== undefined);
    await client.turn();
    expect(handlesOf(client)).toEqual([]);
    const { id, name } = toolCall?.functionCalls?.[0] ?? {};
    const response = {};
    client.send({
      toolResponse: { functionResponses: [{ id, name, response, scheduling: 'SILENT' }] },
    });
    await handle(client);
    await client.close();
  });

  it('restores the state of its moment, and no more', async () => {
    const client = await open();
    ask(client, 'one');
    const first = await handle(client);
    ask(client, 'two');
    await handle(client, 2);
    ask(client, 'slowly');
    await client.until(() => wordsOf(client.received).includes('It begins'));
    await client.close();
    const again = await open(first);
    expect(await handle(again)).not.toBe(first);
    ask(again, 'three');
    expect(wordsOf(await again.turn())).toBe('|one||one|three');
    await again.close();
  });

  it('holds no sound that came after it', async () => {
    const client = await open();
    ask(client, 'one');
    const first = await handle(client);
    const question = readFileSync(join(import.meta.dirname, '../../audio-fixtures/question.pcm'));
    sendSound(client, question.subarray(0, 1.5 * 32_000));
    await client.close();
    const again = await open(first);
    sendSound(again, new Uint8Array(3 * 32_000));
    ask(again, 'two');
    expect(wordsOf(await again.turn())).toBe('|one||one|two');
    expect(again.received.filter((message) => message.serverContent?.turnComplete)).toHaveLength(1);
    await again.close();
  });

  it('brings instruction and tools of the session, or those of the new setup', async () => {
    const systemInstruction = { parts: [{ text: 'Be brief' }] };
    const client = await open(undefined, { ...TEXT, systemInstruction });
    ask(client, 'one');
    const first = await handle(client);
    await client.close();
    const kept = await open(first);
    ask(kept, 'two');
    expect(wordsOf(await kept.turn())).toMatch(/^Be brief\|/);
    await kept.close();
    const changed = await open(first, {
      ...TEXT,
      systemInstruction: { parts: [{ text: 'Be kind' }] },
    });
    ask(changed, 'two');
    expect(wordsOf(await changed.turn())).toMatch(/^Be kind\|/);
    await changed.close();
  });

  it('is of one model', async () => {
    const client = await open();
    ask(client, 'one');
    const first = await handle(client);
    await client.close();
    expect(await refusal(first, { model: 'models/gemini-3.8-live' })).toEqual({
      code: 1007,
      reason: 'Request contains an invalid argument.',
    });
  });

  it('lives two hours after the end of its session', async () => {
    const client = await open();
    ask(client, 'one');
    const first = await handle(client);
    now += 5 * 3_600_000; // connected: it does not age
    await client.close();
    now += 7_199_000;
    const again = await open(first);
    await again.close();
    now += 7_201_000;
    expect(await refusal(first)).toEqual(EXPIRED);
  });

  it('that nobody gave is stale', async () => {
    expect(await refusal('h-1')).toEqual(EXPIRED);
  });

  it('used while its connection lives ends that one: the newest wins', async () => {
    const client = await open();
    ask(client, 'one');
    const again = await open(await handle(client));
    expect(await client.closed).toEqual({ code: 1008, reason: 'The operation was aborted.' });
    ask(again, 'two');
    expect(wordsOf(await again.turn())).toBe('|one||one|two');
    await again.close();
  });

  it('on Vertex may be transparent: it says what it has consumed', async () => {
    const client = await openSession(
      server.url,
      {
        model: 'publishers/google/models/gemini-3.8-live',
        sessionResumption: { transparent: true },
      },
      VERTEX_PATH,
    );
    client.send({ clientContent: { turns: [{ role: 'user', parts: [{ text: 'a' }] }] } });
    ask(client, 'b');
    await handle(client);
    expect(updatesOf(client).at(-1)?.lastConsumedClientMessageIndex).toBe('2');
    await client.close();
  });

  it('on Vertex does not count what is being said as consumed', async () => {
    const client = await openSession(
      server.url,
      {
        model: 'publishers/google/models/gemini-3.8-live',
        sessionResumption: { transparent: true },
      },
      VERTEX_PATH,
    );
    ask(client, 'slowly');
    await client.until((message) => message.serverContent?.modelTurn !== undefined);
    // Frames of 100 ms from number 2 on: the speech of the recording begins in its sixth.
    const speech = readFileSync(join(import.meta.dirname, '../../audio-fixtures/question.pcm'));
    sendSound(client, speech.subarray(0, 32 * 1200));
    await handle(client);
    const index = Number(updatesOf(client).at(-1)?.lastConsumedClientMessageIndex);
    expect(index).toBeGreaterThanOrEqual(1);
    expect(index).toBeLessThanOrEqual(6);
    await client.close();
  });
});

describe('the life of a connection', () => {
  const short = async (options: object): Promise<LiveServer> =>
    startLiveServer({ stt: 'none', tts: 'none', allowRetired: true, brain: recaller, ...options });

  it('ends soon after goAway; the session goes on with its handle', async () => {
    const own = await short({ goAwaySeconds: 0.6 });
    const client = await openSession(own.url, { ...TEXT, sessionResumption: {} });
    ask(client, 'one');
    const first = await handle(client);
    const { goAway } = await client.until((message) => message.goAway !== undefined);
    expect(goAway).toEqual({ timeLeft: '0.3s' });
    expect(await client.closed).toEqual({ code: 1008, reason: 'The operation was aborted.' });
    const again = await openSession(own.url, { ...TEXT, sessionResumption: { handle: first } });
    ask(again, 'two');
    expect(wordsOf(await again.turn())).toBe('|one||one|two');
    await own.close();
  });

  it('a session without compression ends, over all of its connections', async () => {
    const own = await short({ sessionLimitSeconds: 1 });
    const client = await openSession(own.url, { ...TEXT, sessionResumption: {} });
    ask(client, 'one');
    const first = await handle(client);
    expect(await client.closed).toEqual({
      code: 1011,
      reason: 'Deadline expired before operation could complete.',
    });
    const again = await openSession(own.url, { ...TEXT, sessionResumption: { handle: first } });
    expect((await again.closed).code).toBe(1011);
    const lasting = await openSession(own.url, {
      ...TEXT,
      contextWindowCompression: { slidingWindow: {} },
    });
    await new Promise((resolve) => setTimeout(resolve, 1200));
    ask(lasting, 'one');
    await lasting.turn();
    await own.close();
  });
});

describe('the context', () => {
  it('slides where that is asked for: the oldest turns go, what is left begins with the user', async () => {
    const client = await openSession(server.url, {
      ...TEXT,
      contextWindowCompression: { triggerTokens: '60', slidingWindow: { targetTokens: '30' } },
    });
    const prompts: number[] = [];
    for (let index = 1; index <= 6; index += 1) {
      ask(client, `question number ${index} of a few`);
      const turn = await client.turn(index);
      prompts.push(turn.at(-1)?.usageMetadata?.promptTokenCount ?? NaN);
    }
    expect(Math.max(...prompts)).toBeLessThan(130);
    expect(prompts.some((tokens, index) => tokens < (prompts[index - 1] ?? 0))).toBe(true);
    await client.close();
  });

  it('that is full ends a session without compression', async () => {
    const client = await openSession(server.url, TEXT);
    client.send({
      clientContent: { turns: [{ role: 'user', parts: [{ text: 'x'.repeat(140_000) }] }] },
    });
    ask(client, 'and?');
    expect(await client.closed).toEqual({
      code: 1007,
      reason: 'Request contains an invalid argument.',
    });
  });

  it('counts video by its resolution, and all sound where the turn covers it', async () => {
    const client = await openSession(server.url, {
      generationConfig: { mediaResolution: 'MEDIA_RESOLUTION_LOW' },
      realtimeInputConfig: { turnCoverage: 'TURN_INCLUDES_ALL_INPUT' },
    });
    client.send({ realtimeInput: { video: { data: 'AAAA', mimeType: 'image/jpeg' } } });
    client.send({ realtimeInput: { video: { data: 'AAAA', mimeType: 'image/jpeg' } } });
    ask(client, 'one');
    const details = (await client.turn()).at(-1)?.usageMetadata?.promptTokensDetails;
    expect(details).toContainEqual({ modality: 'VIDEO', tokenCount: 128 });
    await client.close();
  });
});
