import { afterEach, describe, expect, it } from 'vitest';
import { startTalk, type FakeTalk } from '../support/fakeTalk.ts';

const open: FakeTalk[] = [];
afterEach(async () => {
  for (const talk of open.splice(0)) await talk.stop();
});
async function talking(options: Parameters<typeof startTalk>[0] = {}): Promise<FakeTalk> {
  const talk = await startTalk(options);
  open.push(talk);
  return talk;
}
/** Typed, and half answered: 500 ms of sound and some words. */
async function halfAnswered(options?: Parameters<typeof startTalk>[0]): Promise<FakeTalk> {
  const talk = await talking(options);
  talk.conversation.sendText('how does it work');
  await talk.say(talk.sound(500), talk.words('The answer is '));
  return talk;
}

describe('an answer that stops half-way', () => {
  it.each([false, true])('ends within 15 s with a reason, sink %s', async (hasSink) => {
    const talk = await halfAnswered({ hasSink });
    await talk.pass(10_000);
    expect(talk.of('turn')).toEqual([]);
    await talk.pass(5_000);
    expect(talk.of('turn')).toMatchObject([{ index: 1, reason: 'CUT_OFF' }]);
    expect(talk.lines('model')).toEqual({ 1: 'The answer is' });
    expect(talk.of('warning')).toMatchObject([{ code: 'answer_cut_off' }]);
    await talk.pass(60_000);
    expect(talk.of('warning')).toHaveLength(1);
  });

  it('counts from the end of its sound, which comes faster than it is played', async () => {
    const talk = await talking();
    talk.conversation.sendText('tell me a story');
    await talk.say(talk.sound(20_000), talk.words('Once upon a time'));
    await talk.pass(29_000);
    expect(talk.of('turn')).toEqual([]);
    await talk.pass(2_000);
    expect(talk.of('turn')).toMatchObject([{ reason: 'CUT_OFF' }]);
  });

  it('goes on while something comes, however slowly', async () => {
    const talk = await halfAnswered();
    for (let count = 0; count < 10; count += 1) {
      await talk.pass(9_000);
      await talk.say(talk.words(' and'));
    }
    expect(talk.of('turn')).toEqual([]);
  });

  it('has its time anew after a tool call', async () => {
    const talk = await halfAnswered();
    await talk.say({ toolCall: { functionCalls: [{ id: 'c', name: 'slow', args: {} }] } });
    await talk.pass(9_000);
    await talk.say(talk.words('here it is'));
    await talk.pass(9_000);
    expect(talk.of('turn')).toEqual([]);
  });

  it('is no stall where the connection is dead: that is a reconnect', async () => {
    const talk = await halfAnswered();
    talk.pongs = false;
    await talk.pass(39_000);
    expect(talk.of('turn')).toEqual([]);
    await talk.pass(3_000);
    expect(talk.of('turn')).toMatchObject([{ reason: 'CONNECTION_LOST' }]);
    expect(talk.of('session').map(({ state }) => state)).toContain('reconnecting');
  });

  it('is whole where only the end of the turn is missing', async () => {
    const talk = await halfAnswered({ hasSink: true });
    await talk.say(talk.generated);
    await talk.pass(15_000);
    const [turn] = talk.of('turn');
    expect(turn).toMatchObject({ index: 1 });
    expect(turn).not.toHaveProperty('reason');
    expect(talk.of('warning')).toEqual([]);
  });

  it('is not the silence between the filler and the answer of extended thinking', async () => {
    const talk = await halfAnswered({ model: 'gemini-3.8-live-extended-thinking' });
    await talk.say(talk.content({ turnComplete: true, interactionStatus: 'IN_PROGRESS' }));
    await talk.pass(14_000);
    await talk.say(talk.words('twelve.'));
    await talk.say(talk.content({ turnComplete: true, interactionStatus: 'IDLE' }));
    expect(talk.of('turn')).toHaveLength(1);
    expect(talk.of('turn')[0]).not.toHaveProperty('reason');
    expect(talk.lines('model')).toEqual({ 1: 'The answer is twelve.' });
  });

  it('is one of extended thinking, too', async () => {
    const talk = await halfAnswered({ model: 'gemini-3.8-live-extended-thinking' });
    await talk.pass(15_000);
    expect(talk.of('turn')).toMatchObject([{ reason: 'CUT_OFF' }]);
  });

  it('is not the pause of a speaker who is translated', async () => {
    const talk = await halfAnswered({ model: 'gemini-3.5-live-translate-preview' });
    await talk.pass(60_000);
    expect(talk.of('warning')).toEqual([]);
    expect(talk.of('turn')[0]).not.toHaveProperty('reason');
  });
});

describe('the next question after an answer that stopped', () => {
  it('has a turn of its own, spoken', async () => {
    const talk = await talking({ hears: true, hasSink: true, bargeIn: true });
    await talk.speak(1_000);
    await talk.say(talk.heard('One?'), talk.sound(500), talk.words('Hello, and '));
    await talk.pass(3_000);
    await talk.speak(1_000);
    await talk.say(talk.heard('Two?'), talk.words('Answer two.'), talk.generated);
    expect(talk.of('turn')).toMatchObject([{ index: 1, reason: 'CUT_OFF' }]);
    await talk.say(talk.complete());
    expect(talk.lines('model')).toEqual({ 1: 'Hello, and', 2: 'Answer two.' });
    expect(talk.lines('user')).toEqual({ 1: 'One?', 2: 'Two?' });
  });

  it('and typed: nothing of its answer is dropped', async () => {
    const talk = await halfAnswered({ hasSink: true });
    await talk.pass(5_000);
    talk.conversation.sendText('and then?');
    await talk.say(talk.words('It goes on.'), talk.generated, talk.complete());
    expect(talk.lines('model')).toEqual({ 1: 'The answer is', 2: 'It goes on.' });
    expect(talk.of('turn')).toMatchObject([{ index: 1, reason: 'CUT_OFF' }, { index: 2 }]);
  });

  it('does not take the rest of an answer that goes on under it', async () => {
    const talk = await talking({ hears: true, interruptible: false });
    await talk.speak(1_000);
    await talk.say(talk.words('A long answer '));
    await talk.beginToSpeak();
    await talk.pass(2_000);
    await talk.say(talk.words('that goes on '));
    await talk.fallSilent();
    await talk.pass(4_000);
    await talk.say(talk.words('to its end.'), talk.generated, talk.complete());
    expect(talk.lines('model')).toEqual({ 1: 'A long answer that goes on to its end.' });
  });
});
