import { afterEach, describe, expect, it } from 'vitest';
import { startTalk, type FakeTalk } from '../support/fakeTalk.ts';

const open: FakeTalk[] = [];
afterEach(async () => {
  for (const talk of open.splice(0)) await talk.stop();
});
async function talking(options: Parameters<typeof startTalk>[0] = {}): Promise<FakeTalk> {
  const talk = await startTalk({ hears: true, ...options });
  open.push(talk);
  return talk;
}
const receipt = (promptTokenCount: number): object => ({
  serverContent: {},
  usageMetadata: {
    promptTokenCount,
    responseTokenCount: 40,
    totalTokenCount: promptTokenCount + 40,
  },
});
const answer = async (talk: FakeTalk, text: string): Promise<void> =>
  talk.say(talk.words(text), talk.generated, talk.complete());

describe('a receipt behind the end of its turn', () => {
  it.each([false, true])('is in the turn where usage is wanted, sink %s', async (hasSink) => {
    const talk = await talking({ awaitsReceipt: true, hasSink });
    talk.conversation.sendText('hello');
    await talk.say(talk.sound(200));
    await answer(talk, 'Hello.');
    await talk.pass(300);
    expect(talk.of('turn')).toEqual([]);
    await talk.say(receipt(1_000));
    expect(talk.of('turn')).toMatchObject([{ index: 1, usage: { promptTokens: 1_000 } }]);
    expect(talk.conversation.usage?.usage.promptTokens).toBe(1_000);
  });

  it('is waited for no longer than 1 s, and counts when it comes later', async () => {
    const talk = await talking({ awaitsReceipt: true });
    talk.conversation.sendText('hello');
    await answer(talk, 'Hello.');
    await talk.pass(1_100);
    expect(talk.of('turn')).toHaveLength(1);
    await talk.say(receipt(1_000));
    expect(talk.conversation.usage?.usage.promptTokens).toBe(1_000);
  });

  it('is not waited for where nobody wants it, nor by the next answer', async () => {
    const talk = await talking();
    talk.conversation.sendText('hello');
    await answer(talk, 'Hello.');
    expect(talk.of('turn')).toHaveLength(1);
    const other = await talking({ awaitsReceipt: true });
    other.conversation.sendText('hello');
    await answer(other, 'Hello.');
    other.conversation.sendText('again');
    await answer(other, 'Again.');
    expect(other.lines('model')).toEqual({ 1: 'Hello.', 2: 'Again.' });
  });

  it('is not waited for where the answer has stalled', async () => {
    const talk = await talking({ awaitsReceipt: true });
    talk.conversation.sendText('hello');
    await talk.say(talk.words('Hel'));
    await talk.pass(10_100);
    expect(talk.of('turn')).toMatchObject([{ reason: 'CUT_OFF' }]);
  });

  it('is no receipt of the question that is asked meanwhile', async () => {
    const talk = await talking();
    talk.conversation.sendText('hello');
    await answer(talk, 'Hello.');
    await talk.beginToSpeak();
    await talk.say(receipt(1_000));
    await talk.pass(1_000);
    await talk.fallSilent();
    await talk.say(talk.words('Again.'), talk.generated);
    await talk.say({
      serverContent: { turnComplete: true },
      usageMetadata: { promptTokenCount: 5 },
    });
    expect(talk.of('turn')[1]).toMatchObject({ index: 2, usage: { promptTokens: 5 } });
    expect(talk.conversation.usage?.usage.promptTokens).toBe(1_005);
  });
});
