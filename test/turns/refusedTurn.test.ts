import { afterEach, describe, expect, it } from 'vitest';
import { startTalk, type FakeTalk } from '../support/fakeTalk.ts';

const REFUSED = 'RESPONSE_REJECTED';
const open: FakeTalk[] = [];
afterEach(async () => {
  for (const talk of open.splice(0)) await talk.stop();
});
async function talking(options: Parameters<typeof startTalk>[0] = {}): Promise<FakeTalk> {
  const talk = await startTalk({ hears: true, ...options });
  open.push(talk);
  await talk.say({ sessionResumptionUpdate: { newHandle: 'h', resumable: true } });
  return talk;
}
/** What goes out to the next connection, less silence. */
async function sentAfterReconnect(talk: FakeTalk): Promise<string[]> {
  const before = talk.sent.length;
  await talk.breakConnection();
  await talk.pass(2_000);
  expect(talk.of('session').at(-1)?.state).toBe('ready');
  return talk.sent.slice(before).map((message) => JSON.stringify(message));
}

describe('a turn that is refused', () => {
  it.each([
    [REFUSED, /rejected by the service \(RESPONSE_REJECTED\)/],
    ['PROHIBITED_INPUT_CONTENT', /does not allow what was said/],
    ['SOMETHING_NEW', /ended by the service \(SOMETHING_NEW\)/],
  ])('%s is a warning in words, once, and the turn has its reason', async (reason, words) => {
    const talk = await talking();
    await talk.speak(1_000);
    await talk.say(talk.heard('One?'), talk.complete(reason));
    await talk.pass(60_000);
    const warnings = talk.of('warning');
    expect(warnings).toMatchObject([{ code: 'answer_refused' }]);
    expect(warnings[0]?.message).toMatch(words);
    expect(warnings[0]?.hint).toBeDefined();
    expect(talk.of('turn')).toMatchObject([{ index: 1, reason }]);
  });

  it('is settled: nothing of it is said to the next connection', async () => {
    const talk = await talking();
    await talk.speak(1_000);
    await talk.say(talk.heard('One?'), talk.complete(REFUSED));
    talk.conversation.sendText('two');
    await talk.say(talk.complete(REFUSED));
    expect(await sentAfterReconnect(talk)).toEqual([]);
  });

  it('also where the local detector notices the end of the speech later', async () => {
    const talk = await talking();
    await talk.beginToSpeak();
    await talk.pass(1_000);
    await talk.say(talk.heard('One?'), talk.complete(REFUSED));
    await talk.fallSilent();
    await talk.pass(60_000);
    expect(talk.of('warning')).toHaveLength(1);
    expect(talk.of('turn')).toMatchObject([{ index: 1, reason: REFUSED }]);
    await talk.speak(1_000);
    await talk.say(talk.words('Yes.'), talk.generated, talk.complete());
    expect(talk.lines('model')).toEqual({ 2: 'Yes.' });
  });

  it('27 times in a row is told each time, with other advice from the third on', async () => {
    const talk = await talking();
    for (let count = 1; count <= 27; count += 1) {
      await talk.speak(1_000);
      await talk.say(talk.heard(`Question ${count}?`), talk.complete(REFUSED));
    }
    const hints = talk.of('warning').map(({ hint }) => hint);
    expect(hints).toHaveLength(27);
    expect(hints[1]).not.toContain('new session');
    expect(hints[2]).toContain('new session');
    expect(Object.keys(talk.lines('user'))).toHaveLength(27);
    expect(await sentAfterReconnect(talk)).toEqual([]);
  });

  it('that wants more input is no failure', async () => {
    const talk = await talking();
    talk.conversation.sendText('book');
    await talk.say(talk.words('Go on.'), talk.complete('NEED_MORE_INPUT'));
    expect(talk.of('warning')).toMatchObject([{ code: 'more_input' }]);
  });

  it('of extended thinking needs no status', async () => {
    const talk = await talking({ model: 'gemini-3.8-live-extended-thinking' });
    talk.conversation.sendText('one');
    await talk.say(talk.complete(REFUSED));
    expect(talk.of('turn')).toMatchObject([{ index: 1, reason: REFUSED }]);
    expect(await sentAfterReconnect(talk)).toEqual([]);
  });
});

describe('an empty turn', () => {
  it('ends the turn, is told, and is settled', async () => {
    const talk = await talking();
    await talk.speak(1_000);
    await talk.say(talk.complete());
    await talk.pass(60_000);
    expect(talk.of('warning')).toMatchObject([{ code: 'answer_empty' }]);
    expect(talk.of('turn')).toMatchObject([{ index: 1 }]);
    expect(await sentAfterReconnect(talk)).toEqual([]);
  });

  it('of an interruption before the first word ends nothing: the answer is still owed', async () => {
    const talk = await talking();
    talk.conversation.sendText('one');
    await talk.say(talk.content({ interrupted: true }), talk.complete());
    expect(talk.of('turn')).toEqual([]);
    expect(talk.of('warning')).toEqual([]);
    const sent = await sentAfterReconnect(talk);
    expect(sent).toHaveLength(1);
    expect(sent[0]).toContain('one');
  });

  it('while the user speaks is not that of the speech', async () => {
    const talk = await talking();
    talk.conversation.sendText('one');
    await talk.say(talk.words('Yes.'), talk.generated, talk.complete());
    await talk.beginToSpeak();
    await talk.say(talk.complete());
    await talk.pass(1_000);
    await talk.fallSilent();
    await talk.say(talk.heard('Two?'), talk.words('No.'), talk.generated, talk.complete());
    expect(talk.lines('model')).toEqual({ 1: 'Yes.', 2: 'No.' });
    expect(talk.of('warning')).toEqual([]);
  });

  it('is no matter for a model that transcribes', async () => {
    const talk = await talking({ model: 'gemini-3.5-transcribe-live' });
    await talk.speak(1_000);
    await talk.say(talk.generated, talk.complete());
    expect(talk.of('warning')).toEqual([]);
  });
});
