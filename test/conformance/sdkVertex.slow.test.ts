/** The official SDK in its Vertex mode, by a key (express): another path, other names, other privileges. */
import { describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { connectSdk, fixture, speak, spoken, turn, turnsOver, VOICE } from './clients/sdk.ts';
import { watchedServer } from './watch.ts';

const server = watchedServer('SDK', 'sdkVertex', { stt: 'none', tts: 'none' });

describe('the official SDK on the path of Vertex', () => {
  it('has an id of its session, and reads usage by its other names', async () => {
    const client = await connectSdk(VOICE, { url: server.url, vertex: true });
    expect(client.messages[0]?.setupComplete?.sessionId).toMatch(/^[\da-f-]{36}$/);
    client.session.sendRealtimeInput({ text: 'say yes' });
    await turn(client);
    expect(spoken(client)).toBe('Yes.');
    const usage = client.messages.find(({ usageMetadata }) => usageMetadata)?.usageMetadata;
    // The wire says `candidates…`: the SDK gives it the one name.
    expect(usage?.responseTokenCount).toBeGreaterThan(0);
    expect(usage?.trafficType).toBe('ON_DEMAND');
    client.session.close();
  });

  it('is told when somebody speaks', async () => {
    const client = await connectSdk(
      { ...VOICE, explicitVadSignal: true },
      { url: server.url, vertex: true },
    );
    await speak(client, fixture('question.pcm'), () => turnsOver(client) === 0);
    const told = client.messages.flatMap(({ voiceActivity }) => voiceActivity ?? []);
    expect(told.map(({ voiceActivityType }) => voiceActivityType)).toEqual([
      'ACTIVITY_START',
      'ACTIVITY_END',
    ]);
    client.session.close();
  });

  it('is told what was consumed where its resumption is transparent', async () => {
    const client = await connectSdk(
      { ...VOICE, sessionResumption: { transparent: true } },
      { url: server.url, vertex: true },
    );
    client.session.sendRealtimeInput({ text: 'say yes' });
    const updateOf = () =>
      client.messages.find(({ sessionResumptionUpdate: update }) => update?.newHandle)
        ?.sessionResumptionUpdate;
    await until('a handle', () => updateOf() !== undefined);
    expect(updateOf()?.lastConsumedClientMessageIndex).toBe('1');
    client.session.close();
  });
});
