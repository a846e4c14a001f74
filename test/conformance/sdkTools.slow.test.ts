/** Function calls by the official SDK: those that block, those that do not, and when a result is spoken of. */
import {
  Behavior,
  FunctionResponseScheduling,
  ThinkingLevel,
  Type,
  type FunctionCall,
  type FunctionResponse,
  type LiveConnectConfig,
} from '@google/genai';
import { describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { CALLER } from './brain.ts';
import {
  connectSdk,
  contents,
  milestones,
  soundBytes,
  spoken,
  turn,
  VOICE,
  type SdkClient,
} from './clients/sdk.ts';
import { watchedServer } from './watch.ts';

const server = watchedServer('SDK', 'sdkTools', { stt: 'none', tts: 'none', brain: CALLER });

const WEATHER = {
  name: 'get_weather',
  description: 'The weather of a city.',
  parameters: {
    type: Type.OBJECT,
    properties: { city: { type: Type.STRING } },
    required: ['city'],
  },
};

const withWeather = (
  behavior?: Behavior,
  config: LiveConnectConfig = {},
  model = 'gemini-3.8-live',
): Promise<SdkClient> =>
  connectSdk(
    {
      ...VOICE,
      ...config,
      tools: [{ functionDeclarations: [{ ...WEATHER, ...(behavior && { behavior }) }] }],
    },
    { url: server.url, model },
  );

const callsOf = ({ messages }: SdkClient): FunctionCall[] =>
  messages.flatMap(({ toolCall }) => toolCall?.functionCalls ?? []);

async function called(client: SdkClient): Promise<FunctionCall> {
  await until('a call', () => callsOf(client).length > 0);
  return callsOf(client)[0] ?? {};
}

const answer = (
  { session }: SdkClient,
  { id = '', name = '' }: FunctionCall,
  more: Partial<FunctionResponse> = {},
): void =>
  session.sendToolResponse({
    functionResponses: [{ id, name, response: { output: 'four degrees' }, ...more }],
  });

const RESULT = 'The weather: four degrees.';

describe('the official SDK, asked to call a function', () => {
  it('that blocks: nothing is said before the result', async () => {
    const client = await withWeather(Behavior.BLOCKING);
    client.session.sendRealtimeInput({ text: 'what is the weather in Oslo' });
    const call = await called(client);
    expect(call).toEqual({
      id: expect.stringMatching(/^function-call-\d+$/),
      name: 'get_weather',
      args: { city: 'Oslo' },
    });
    expect(spoken(client)).toBe('');
    answer(client, call);
    await turn(client);
    expect(spoken(client)).toBe(RESULT);
    expect(milestones(client)).toEqual(['call', 'generated', 'over']);
    client.session.close();
  });

  it('that blocks, and is cancelled by what the user says meanwhile', async () => {
    const client = await withWeather(Behavior.BLOCKING);
    client.session.sendRealtimeInput({ text: 'what is the weather in Oslo' });
    const { id } = await called(client);
    client.session.sendRealtimeInput({ text: 'say yes' });
    await turn(client, 2);
    const cancelled = client.messages.flatMap(
      ({ toolCallCancellation }) => toolCallCancellation?.ids ?? [],
    );
    expect(cancelled).toEqual([id]);
    expect(milestones(client)).toEqual([
      'call',
      'cancelled',
      'interrupted',
      'over',
      'generated',
      'over',
    ]);
    expect(spoken(client)).toBe('Yes.');
    client.session.close();
  });

  it('that does not block, which is what 3.8 does unasked: the conversation goes on', async () => {
    const client = await withWeather();
    client.session.sendRealtimeInput({ text: 'what is the weather in Oslo' });
    const call = await called(client);
    await turn(client);
    client.session.sendRealtimeInput({ text: 'say yes' });
    await turn(client, 2);
    expect(spoken(client)).toBe('Yes.');
    answer(client, call);
    await turn(client, 3);
    expect(spoken(client)).toBe(`Yes.${RESULT}`);
    client.session.close();
  });

  it('WHEN_IDLE: the result waits for the end of what is being said', async () => {
    const client = await withWeather(Behavior.NON_BLOCKING);
    client.session.sendRealtimeInput({ text: 'what is the weather in Oslo' });
    const call = await called(client);
    await turn(client);
    client.session.sendRealtimeInput({ text: 'count to twelve' });
    await until('an answer', () => soundBytes(client) > 0);
    answer(client, call, { scheduling: FunctionResponseScheduling.WHEN_IDLE });
    await turn(client, 3);
    expect(milestones(client)).not.toContain('interrupted');
    expect(spoken(client)).toMatch(/11, 12\.The weather: four degrees\.$/);
    client.session.close();
  });

  it('INTERRUPT: the result cuts what is being said', async () => {
    const client = await withWeather(Behavior.NON_BLOCKING);
    client.session.sendRealtimeInput({ text: 'what is the weather in Oslo' });
    const call = await called(client);
    await turn(client);
    client.session.sendRealtimeInput({ text: 'count to one hundred' });
    await until('an answer', () => soundBytes(client) > 0);
    answer(client, call, { scheduling: FunctionResponseScheduling.INTERRUPT });
    await turn(client, 3);
    expect(milestones(client).slice(-4)).toEqual(['interrupted', 'over', 'generated', 'over']);
    expect(spoken(client)).not.toContain('99');
    expect(spoken(client).endsWith(RESULT)).toBe(true);
    client.session.close();
  });

  it('SILENT: the result is known, and nothing is said of it', async () => {
    const client = await withWeather(Behavior.NON_BLOCKING);
    client.session.sendRealtimeInput({ text: 'what is the weather in Oslo' });
    const call = await called(client);
    await turn(client);
    const output = 'x'.repeat(400);
    answer(client, call, {
      scheduling: FunctionResponseScheduling.SILENT,
      response: { output },
    });
    client.session.sendRealtimeInput({ text: 'say yes' });
    await turn(client, 2);
    expect(spoken(client)).toBe('Yes.');
    const prompts = client.messages.flatMap(
      ({ usageMetadata }) => usageMetadata?.promptTokenCount ?? [],
    );
    expect((prompts[1] ?? NaN) - (prompts[0] ?? NaN)).toBeGreaterThan(100);
    client.session.close();
  });

  it('in several results, as they come', async () => {
    const client = await withWeather(Behavior.NON_BLOCKING);
    client.session.sendRealtimeInput({ text: 'what is the weather in Oslo' });
    const call = await called(client);
    await turn(client);
    answer(client, call, { willContinue: true, response: { output: 'cold' } });
    await turn(client, 2);
    answer(client, call, { willContinue: false, response: { output: 'very cold' } });
    await turn(client, 3);
    expect(spoken(client)).toBe('The weather: cold.The weather: very cold.');
    client.session.close();
  });

  it('by the model that thinks long: a filler first, idle when the interaction is', async () => {
    const client = await withWeather(
      undefined,
      { thinkingConfig: { thinkingLevel: ThinkingLevel.LOW, includeThoughts: true } },
      'gemini-3.8-live-extended-thinking',
    );
    client.session.sendRealtimeInput({ text: 'what is the weather in Oslo' });
    const call = await called(client);
    const statuses = () =>
      contents(client).flatMap((content) => {
        const { turnComplete, interactionStatus } = content as typeof content & {
          interactionStatus?: string;
        };
        return turnComplete ? [interactionStatus] : [];
      });
    expect(statuses()).toEqual(['IN_PROGRESS']);
    expect(soundBytes(client)).toBeGreaterThan(0);
    answer(client, call);
    await turn(client, 2);
    expect(statuses()).toEqual(['IN_PROGRESS', 'IDLE']);
    expect(spoken(client).endsWith(RESULT)).toBe(true);
    const thoughts = contents(client).flatMap(({ modelTurn }) =>
      (modelTurn?.parts ?? []).filter(({ thought }) => thought),
    );
    expect(thoughts[0]?.text).toBe('They want the weather.');
    client.session.close();
  });

  it('and tells of tools and instruction anew in the midst of a session', async () => {
    const client = await connectSdk(
      { ...VOICE, systemInstruction: 'Be brief.' },
      { url: server.url },
    );
    client.session.sendContextUpdate({
      systemInstruction: { parts: [{ text: 'Be kind.' }] },
      tools: { tools: [{ functionDeclarations: [WEATHER] }] },
    });
    client.session.sendRealtimeInput({ text: 'who are you told to be' });
    await turn(client);
    expect(spoken(client)).toBe('I am told: Be kind.');
    client.session.sendRealtimeInput({ text: 'what is the weather in Oslo' });
    expect((await called(client)).name).toBe('get_weather');
    await turn(client, 2);
    client.session.sendContextUpdate({ tools: { tools: [] } });
    client.session.sendRealtimeInput({ text: 'say weather' });
    await turn(client, 3);
    expect(callsOf(client)).toHaveLength(1);
    expect(spoken(client)).toMatch(/Weather\.$/);
    client.session.close();
  });
});
