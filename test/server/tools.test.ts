/** Function calls of the local server: what holds up a turn, what is spoken of when, what is cancelled. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Brain, BrainRequest } from '../../src/server/brain/brain.ts';
import { startLiveServer, type LiveServer } from '../../src/server/server.ts';
import {
  EXTENDED_THINKING,
  openSession,
  VERTEX_PATH,
  wordsOf,
  type LiveClient,
  type Received,
} from '../support/liveClient.ts';
import { until } from '../support/until.ts';

/** Calls what it is told to, `call NAME`, and says what came of it. */
const caller: Brain = {
  name: 'caller',
  async *think({ turns, system }: BrainRequest) {
    const last = turns.at(-1);
    if (last?.role === 'tool') {
      yield { text: `${last.name} gave ${JSON.stringify(last.response)}.` };
      return;
    }
    const text = last?.text ?? '';
    const names = [...text.matchAll(/call (\w+)/g)].map((match) => match[1] ?? '');
    if (/\bsystem\b/.test(text)) yield { text: `I am told: ${system ?? 'nothing'}.` };
    if (names.length === 0) yield { text: `You said: ${text}. ` };
    for (const name of names) yield { call: { name, args: { city: 'Oslo' } } };
  },
};

let server: LiveServer;
const faults: string[] = [];
beforeAll(async () => {
  server = await startLiveServer({
    stt: 'none',
    tts: 'none',
    brain: caller,
    onEvent: (event) => {
      if (event.type === 'fault') faults.push(event.message);
    },
  });
});
afterAll(() => server.close());

const declared = (behavior?: string) => ({
  outputAudioTranscription: {},
  tools: [
    {
      functionDeclarations: ['weather', 'book'].map((name) => ({
        name,
        ...(behavior !== undefined && { behavior }),
      })),
    },
  ],
});

type Call = { id?: string; name: string };

const callsIn = (messages: readonly Received[]): Call[] =>
  messages.flatMap((message) => message.toolCall?.functionCalls ?? []);

async function called(client: LiveClient, count = 1): Promise<Call> {
  await client.until(() => callsIn(client.received).length >= count);
  const call = callsIn(client.received)[count - 1];
  if (!call) throw new Error('no call');
  return call;
}

const answer = (client: LiveClient, call: Call, extra: object = {}, output: unknown = 'sunny') =>
  client.send({
    toolResponse: {
      functionResponses: [{ id: call.id, name: call.name, response: { output }, ...extra }],
    },
  });

const kinds = (messages: readonly Received[]): string[] =>
  messages.flatMap((message) => [
    ...(message.toolCall ? ['call'] : []),
    ...(message.toolCallCancellation ? ['cancel'] : []),
    ...(['interrupted', 'generationComplete', 'turnComplete'] as const).filter(
      (key) => message.serverContent?.[key],
    ),
  ]);

describe.concurrent('a call that blocks', () => {
  it('holds up its turn until every result is there; one turnComplete for the whole', async () => {
    const client = await openSession(server.url, declared('BLOCKING'));
    client.send({ realtimeInput: { text: 'call weather and call book' } });
    const first = await called(client);
    const second = await called(client, 2);
    expect(callsIn(client.received).map(({ name }) => name)).toEqual(['weather', 'book']);
    expect(first.id).toMatch(/^function-call-\d+$/);
    answer(client, first);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(kinds(client.received)).toEqual(['call']);
    answer(client, second, {}, 'booked');
    const turn = await client.turn();
    expect(wordsOf(turn)).toBe('book gave {"output":"booked"}.');
    expect(kinds(turn)).toEqual(['call', 'generationComplete', 'turnComplete']);
    expect(turn.at(-1)?.usageMetadata?.promptTokenCount).toBeGreaterThan(10);
    await client.close();
  });

  it('is cancelled by what the user says next, and an answer on its way is let pass', async () => {
    const client = await openSession(server.url, declared('BLOCKING'));
    client.send({ realtimeInput: { text: 'call weather' } });
    const call = await called(client);
    client.send({ realtimeInput: { text: 'never mind' } });
    const turn = await client.turn(2);
    expect(kinds(client.received).join(' ')).toBe(
      'call cancel interrupted turnComplete generationComplete turnComplete',
    );
    expect(client.received.find((message) => message.toolCallCancellation)).toMatchObject({
      toolCallCancellation: { ids: [call.id] },
    });
    expect(wordsOf(turn)).toBe('You said: never mind. ');
    answer(client, call);
    client.send({ realtimeInput: { text: 'hello' } });
    expect(wordsOf(await client.turn(3))).toBe('You said: hello. ');
    await client.close();
  });

  it('on 2.5 lets no sound in', async () => {
    const client = await openSession(server.url, {
      ...declared(),
      model: 'models/gemini-2.5-flash-native-audio-latest',
    });
    client.send({ realtimeInput: { text: 'call weather' } });
    await called(client);
    client.send({ realtimeInput: { audio: { data: 'AAAA', mimeType: 'audio/pcm;rate=16000' } } });
    expect(await client.closed).toEqual({
      code: 1008,
      reason: 'Operation is not implemented, or supported, or enabled.',
    });
  });

  it('has the id of Vertex there, and is found by its name without one', async () => {
    const setup = { ...declared('BLOCKING'), model: 'publishers/google/models/gemini-3.8-live' };
    const client = await openSession(server.url, setup, VERTEX_PATH);
    client.send({ realtimeInput: { text: 'call weather' } });
    const call = await called(client);
    expect(call.id).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    answer(client, { name: call.name });
    expect(wordsOf(await client.turn())).toBe('weather gave {"output":"sunny"}.');
    await client.close();
  });
});

describe.concurrent('a call that does not block', () => {
  it('is the default of 3.8: the turn ends, and the result is spoken of in one of its own', async () => {
    const client = await openSession(server.url, declared());
    client.send({ realtimeInput: { text: 'call weather' } });
    expect(kinds(await client.turn())).toEqual(['call', 'generationComplete', 'turnComplete']);
    answer(client, await called(client));
    expect(wordsOf(await client.turn(2))).toBe('weather gave {"output":"sunny"}.');
    await client.close();
  });

  it('WHEN_IDLE waits for the turn in progress', async () => {
    const client = await openSession(server.url, declared());
    client.send({ realtimeInput: { text: 'call weather' } });
    await client.turn();
    client.send({ realtimeInput: { text: 'one two three four' } });
    const from = client.received.length;
    await client.until((message) => message.serverContent?.modelTurn !== undefined, from);
    answer(client, await called(client), { scheduling: 'WHEN_IDLE' });
    expect(wordsOf(await client.turn(2))).toBe('You said: one two three four. ');
    expect(wordsOf(await client.turn(3))).toBe('weather gave {"output":"sunny"}.');
    expect(kinds(client.received)).not.toContain('interrupted');
    await client.close();
  });

  it('INTERRUPT cuts the turn in progress', async () => {
    const client = await openSession(server.url, declared());
    client.send({ realtimeInput: { text: 'call weather' } });
    await client.turn();
    client.send({ realtimeInput: { text: 'one two three four five six seven eight' } });
    const from = client.received.length;
    await client.until((message) => message.serverContent?.modelTurn !== undefined, from);
    answer(client, await called(client), { scheduling: 'INTERRUPT' });
    expect(kinds(await client.turn(2))).toEqual(['interrupted', 'turnComplete']);
    expect(wordsOf(await client.turn(3))).toBe('weather gave {"output":"sunny"}.');
    await client.close();
  });

  it('INTERRUPT waits while the user speaks', async () => {
    const client = await openSession(server.url, {
      ...declared(),
      realtimeInputConfig: { automaticActivityDetection: { disabled: true } },
    });
    client.send({ realtimeInput: { text: 'call weather' } });
    await client.turn();
    client.send({ realtimeInput: { activityStart: {} } });
    answer(client, await called(client), { scheduling: 'INTERRUPT' });
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(client.received.filter((message) => message.serverContent?.modelTurn)).toEqual([]);
    client.send({ realtimeInput: { activityEnd: {} } });
    await client.turn(3);
    expect(wordsOf(client.received)).toMatch(/your own words.*weather gave/);
    await client.close();
  });

  it('SILENT is known and not spoken of', async () => {
    const client = await openSession(server.url, declared());
    client.send({ realtimeInput: { text: 'call weather' } });
    const before = (await client.turn()).at(-1)?.usageMetadata?.promptTokenCount ?? NaN;
    answer(client, await called(client), { scheduling: 'SILENT' }, 'x'.repeat(400));
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(kinds(client.received)).toEqual(['call', 'generationComplete', 'turnComplete']);
    client.send({ realtimeInput: { text: 'hello' } });
    const turn = await client.turn(2);
    expect(wordsOf(turn)).toBe('You said: hello. ');
    expect(turn.at(-1)?.usageMetadata?.promptTokenCount).toBeGreaterThan(before + 100);
    await client.close();
  });

  it('may have several results, each spoken of', async () => {
    const client = await openSession(server.url, declared());
    client.send({ realtimeInput: { text: 'call weather' } });
    await client.turn();
    const call = await called(client);
    answer(client, call, { willContinue: true }, 1);
    expect(wordsOf(await client.turn(2))).toBe('weather gave {"output":1}.');
    answer(client, call, { willContinue: false }, 2);
    expect(wordsOf(await client.turn(3))).toBe('weather gave {"output":2}.');
    answer(client, call);
    expect(await client.closed).toEqual({ code: 1008, reason: 'Requested entity was not found.' });
  });

  it('has its scheduling inside the response, as older pages had it', async () => {
    const client = await openSession(server.url, declared());
    client.send({ realtimeInput: { text: 'call weather' } });
    await client.turn();
    const { id, name } = await called(client);
    const response = { output: 1, scheduling: 'SILENT' };
    client.send({ toolResponse: { functionResponses: [{ id, name, response }] } });
    client.send({ realtimeInput: { text: 'hello' } });
    expect(wordsOf(await client.turn(2))).toBe('You said: hello. ');
    await client.close();
  });
});

describe.concurrent('extended thinking', () => {
  const MODEL = EXTENDED_THINKING;

  it('says something first, and is idle when the result has been spoken of', async () => {
    const client = await openSession(server.url, { ...declared(), ...MODEL });
    client.send({ realtimeInput: { text: 'call weather' } });
    const call = await called(client);
    const filler = await client.turn();
    expect(wordsOf(filler)).toBe('One moment. ');
    expect(filler.at(-1)?.serverContent).toEqual({
      turnComplete: true,
      interactionStatus: 'IN_PROGRESS',
    });
    expect(client.received.find((message) => message.toolCall)?.interactionStatus).toBe(
      'IN_PROGRESS',
    );
    answer(client, call);
    const last = await client.turn(2);
    expect(wordsOf(last)).toBe('weather gave {"output":"sunny"}.');
    expect(last.at(-1)?.serverContent).toEqual({ turnComplete: true, interactionStatus: 'IDLE' });
    await client.close();
  });

  it('takes no scheduling, and says so', async () => {
    const client = await openSession(server.url, { ...declared(), ...MODEL });
    client.send({ realtimeInput: { text: 'call weather' } });
    answer(client, await called(client), { scheduling: 'SILENT' });
    expect(wordsOf(await client.turn(2))).toBe('weather gave {"output":"sunny"}.');
    expect(faults).toContain(
      'gemini-3.8-live-extended-thinking takes no scheduling: it is ignored',
    );
    await client.close();
  });
});

describe.concurrent('contextUpdate', () => {
  it('changes the instruction from the next turn on', async () => {
    const client = await openSession(server.url, {
      ...declared(),
      systemInstruction: { parts: [{ text: 'Be brief' }] },
    });
    client.send({ realtimeInput: { text: 'system?' } });
    expect(wordsOf(await client.turn())).toContain('I am told: Be brief.');
    client.send({ contextUpdate: { systemInstruction: { parts: [{ text: 'Be kind' }] } } });
    client.send({ realtimeInput: { text: 'system?' } });
    expect(wordsOf(await client.turn(2))).toContain('I am told: Be kind.');
    await client.close();
  });

  it('changes the tools: those named, all gone, or left as they are', async () => {
    const client = await openSession(server.url, declared());
    client.send({
      contextUpdate: { tools: { tools: [{ functionDeclarations: [{ name: 'radio' }] }] } },
    });
    client.send({ contextUpdate: { systemInstruction: { parts: [{ text: 'x' }] } } });
    client.send({ realtimeInput: { text: 'call radio' } });
    expect((await called(client)).name).toBe('radio');
    await client.turn();
    client.send({ contextUpdate: { tools: { tools: [] } } });
    client.send({ realtimeInput: { text: 'call radio' } });
    await client.turn(2);
    expect(callsIn(client.received)).toHaveLength(1);
    await until('the fault', () =>
      faults.includes('the brain called radio, which is not declared'),
    );
    await client.close();
  });

  it('is held to the rules of the model', async () => {
    const client = await openSession(server.url, EXTENDED_THINKING);
    const functionDeclarations = [{ name: 'x', behavior: 'BLOCKING' }];
    client.send({ contextUpdate: { tools: { tools: [{ functionDeclarations }] } } });
    expect((await client.closed).code).toBe(1007);
  });
});

describe.concurrent('a result that belongs to nothing', () => {
  it.each([
    ['a call never made', { id: 'function-call-1' }, 1008, 'Requested entity was not found.'],
    ['no id', {}, 1007, 'Request contains an invalid argument.'],
  ])('%s', async (_what, fields, code, reason) => {
    const client = await openSession(server.url, declared());
    client.send({
      toolResponse: { functionResponses: [{ name: 'weather', response: {}, ...fields }] },
    });
    expect(await client.closed).toEqual({ code, reason });
  });
});
