import { afterEach, expect, it } from 'vitest';
import { startTalk, type FakeTalk } from '../support/fakeTalk.ts';

const open: FakeTalk[] = [];
afterEach(async () => {
  for (const talk of open.splice(0)) await talk.stop();
});
async function talking(): Promise<FakeTalk> {
  const talk = await startTalk({ hears: true });
  open.push(talk);
  return talk;
}

it.each([
  ['a text', async (talk: FakeTalk) => talk.conversation.sendText('hello')],
  ['a greeting', async (talk: FakeTalk) => talk.conversation.sendText('greet', { shown: false })],
  ['speech', (talk: FakeTalk) => talk.speak(1_000)],
])('%s that nobody answers is told after 10 s, once', async (_what, ask) => {
  const talk = await talking();
  await ask(talk);
  await talk.pass(9_000);
  expect(talk.of('warning')).toEqual([]);
  await talk.pass(1_500);
  expect(talk.of('warning')).toMatchObject([{ code: 'no_answer_yet' }]);
  await talk.pass(60_000);
  expect(talk.of('warning')).toHaveLength(1);
});

it('a text that is answered is not told', async () => {
  const talk = await talking();
  talk.conversation.sendText('hello');
  await talk.pass(9_000);
  await talk.say(talk.words('Hello.'), talk.generated, talk.complete());
  await talk.pass(60_000);
  expect(talk.of('warning')).toEqual([]);
});

it('the time begins anew with the connection that the text is sent to again', async () => {
  const talk = await talking();
  await talk.say({ sessionResumptionUpdate: { newHandle: 'h', resumable: true } });
  talk.conversation.sendText('hello');
  await talk.pass(5_000);
  await talk.breakConnection();
  await talk.pass(9_500);
  expect(talk.of('warning')).toEqual([]);
  await talk.pass(2_000);
  expect(talk.of('warning')).toMatchObject([{ code: 'no_answer_yet' }]);
});

it('a connection that is dead is made again', async () => {
  const talk = await talking();
  talk.conversation.sendText('hello');
  talk.pongs = false;
  await talk.pass(41_000);
  expect(talk.of('session').map(({ state }) => state)).toContain('reconnecting');
});

it('a thought without an answer behind it is no answer', async () => {
  const talk = await talking();
  talk.conversation.sendText('hello');
  await talk.pass(5_000);
  await talk.say(talk.content({ modelTurn: { parts: [{ text: 'Hm.', thought: true }] } }));
  await talk.pass(9_000);
  expect(talk.of('warning')).toEqual([]);
  await talk.pass(2_000);
  expect(talk.of('warning')).toMatchObject([{ code: 'no_answer_yet' }]);
});

it('nor is a call of a tool', async () => {
  const talk = await talking();
  talk.conversation.sendText('hello');
  await talk.say({ toolCall: { functionCalls: [{ id: 'c', name: 'none', args: {} }] } });
  await talk.pass(11_000);
  expect(talk.of('warning')).toMatchObject([{ code: 'no_answer_yet' }]);
});
