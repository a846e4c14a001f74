/** The official SDK and Firebase against the built `gemlive serve`, as a developer would point them there. */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { ResponseModality } from '@firebase/ai';
import { GoogleGenAI, Modality, Type } from '@google/genai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { spawnCli } from '../support/cli.ts';
import { until } from '../support/until.ts';
import {
  bytesFor,
  connectFirebase,
  redirectFirebase,
  spokenTo,
  turnFor,
} from './clients/firebase.ts';
import {
  connectSdk,
  fixture,
  heard,
  milestones,
  soundBytes,
  speak,
  spoken,
  turn,
  turnsOver,
  VOICE,
} from './clients/sdk.ts';

let child: ReturnType<typeof spawnCli> | undefined;
let url = '';
beforeAll(async () => {
  const serve = spawnCli(['serve', '--port', '0']);
  child = serve;
  const [line] = (await once(createInterface({ input: serve.stdout }), 'line')) as [string];
  url = line;
});
afterAll(async () => {
  if (!child) return;
  child.kill('SIGTERM');
  await once(child, 'close');
});

describe('gemlive serve and the official SDK', () => {
  it('speak with each other', async () => {
    const client = await connectSdk(VOICE, { url });
    await speak(client, fixture('question.pcm'), () => turnsOver(client) === 0);
    expect(heard(client)).toBe('what is twelve times twelve');
    expect(spoken(client)).toBe('12 times 12 is 144.');
    client.session.sendRealtimeInput({ text: 'count to one hundred' });
    const before = soundBytes(client);
    await until('an answer', () => soundBytes(client) > before);
    client.session.sendRealtimeInput({ text: 'say yes' });
    await turn(client, 3);
    expect(milestones(client).slice(-4)).toEqual(['interrupted', 'over', 'generated', 'over']);
    client.session.close();
  });

  it('call a function, by a token', async () => {
    const httpOptions = { baseUrl: url, apiVersion: 'v1alpha' };
    const { name: apiKey = '' } = await new GoogleGenAI({
      apiKey: 'any',
      httpOptions,
    }).authTokens.create({ config: { uses: 1 } });
    const parameters = { type: Type.OBJECT, properties: { city: { type: Type.STRING } } };
    const client = await connectSdk(
      {
        responseModalities: [Modality.AUDIO],
        tools: [{ functionDeclarations: [{ name: 'get_weather', parameters }] }],
        outputAudioTranscription: {},
      },
      { url, apiKey, apiVersion: 'v1alpha' },
    );
    client.session.sendRealtimeInput({ text: 'What is the weather in Oslo?' });
    await until('a call', () => client.messages.some(({ toolCall }) => toolCall));
    const call = client.messages.find(({ toolCall }) => toolCall)?.toolCall?.functionCalls?.[0];
    expect(call).toMatchObject({ name: 'get_weather', args: { city: 'Oslo' } });
    await turn(client);
    const { id = '', name = '' } = call ?? {};
    client.session.sendToolResponse({
      functionResponses: [{ id, name, response: { output: 'four degrees' } }],
    });
    await turn(client, 2);
    expect(spoken(client)).toContain('four degrees');
    client.session.close();
  });

  it('take a session up again', async () => {
    const config = { ...VOICE, sessionResumption: {} };
    const client = await connectSdk(config, { url });
    client.session.sendRealtimeInput({ text: 'my name is Ada' });
    const handleOf = () =>
      client.messages.find(({ sessionResumptionUpdate: update }) => update?.newHandle)
        ?.sessionResumptionUpdate?.newHandle;
    await until('a handle', () => handleOf() !== undefined);
    client.session.close();
    const handle = handleOf() ?? '';
    const again = await connectSdk({ ...VOICE, sessionResumption: { handle } }, { url });
    again.session.sendRealtimeInput({ text: 'what is my name' });
    await turn(again);
    expect(spoken(again)).toBe('Your name is Ada.');
    again.session.close();
  });
});

describe('gemlive serve and Firebase', () => {
  it('talk with each other', async () => {
    const restore = redirectFirebase(url);
    const client = await connectFirebase({
      generationConfig: {
        responseModalities: [ResponseModality.AUDIO],
        outputAudioTranscription: {},
      },
    });
    await client.session.send('what is 12 times 12');
    await turnFor(client);
    expect(spokenTo(client)).toBe('12 times 12 is 144.');
    expect(bytesFor(client)).toBeGreaterThan(24_000);
    await client.close();
    restore();
  });
});
