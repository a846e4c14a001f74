import { afterEach, describe, expect, it } from 'vitest';
import { startTalk, type FakeTalk } from '../support/fakeTalk.ts';

const open: FakeTalk[] = [];
afterEach(async () => {
  for (const talk of open.splice(0)) await talk.stop();
});
/** The first question is asked by voice, and answered. */
async function answered(options: Parameters<typeof startTalk>[0] = {}): Promise<FakeTalk> {
  const talk = await startTalk({ hears: true, hasSink: true, bargeIn: true, ...options });
  open.push(talk);
  await talk.speak(1_000);
  await talk.say(talk.heard('One?'), talk.sound(400), talk.words('Answer one.'));
  await talk.say(talk.generated);
  await talk.pass(400);
  await talk.say(talk.complete());
  await talk.pass(200);
  expect(talk.of('turn')).toHaveLength(1);
  return talk;
}
const answer = async (talk: FakeTalk, text: string): Promise<void> => {
  await talk.say(talk.sound(600), talk.words(text), talk.generated);
  await talk.pass(700);
  await talk.say(talk.complete());
  await talk.pass(100);
};

describe('the last syllable of an answer, after the end of its turn', () => {
  it.each([
    ['while the next question is said', true],
    ['just before it', false],
  ])('%s belongs to no other turn', async (_when, isSpeaking) => {
    const talk = await answered();
    if (isSpeaking) await talk.beginToSpeak();
    await talk.say(talk.sound(200));
    await talk.pass(250);
    if (!isSpeaking) await talk.beginToSpeak();
    await talk.pass(1_000);
    await talk.fallSilent();
    await talk.say(talk.heard('Two?'));
    await answer(talk, 'Answer two.');
    await talk.speak(1_000);
    await talk.say(talk.heard('Three?'));
    await answer(talk, 'Answer three.');
    expect(talk.lines('user')).toEqual({ 1: 'One?', 2: 'Two?', 3: 'Three?' });
    expect(talk.lines('model')).toEqual({ 1: 'Answer one.', 2: 'Answer two.', 3: 'Answer three.' });
    expect(talk.of('turn').map(({ index }) => index)).toEqual([1, 2, 3]);
  });

  it('is no answer that stalls', async () => {
    const talk = await answered();
    await talk.say(talk.sound(200));
    await talk.beginToSpeak();
    await talk.say(talk.sound(200));
    await talk.pass(20_000);
    await talk.fallSilent();
    expect(talk.of('warning')).toEqual([]);
    expect(talk.of('turn')).toHaveLength(1);
  });

  it('is told to who writes sound, and to nobody as sound that plays', async () => {
    const replies: boolean[] = [];
    const talk = await answered({ observers: [{ reply: (_pcm, alive) => replies.push(alive) }] });
    await talk.say(talk.sound(200));
    expect(replies).toEqual([true, false]);
  });
});

it('late words correct the line of their turn', async () => {
  const talk = await answered();
  await talk.say(talk.words(' Indeed.'));
  await talk.pass(1_500);
  expect(talk.lines('model')).toEqual({ 1: 'Answer one. Indeed.' });
  expect(talk.of('turn')).toHaveLength(1);
});

describe('an answer that nobody asked for', () => {
  it('has a turn of its own, with all that came of it', async () => {
    const talk = await answered();
    await talk.say(talk.sound(300), talk.words('By the '));
    await talk.say(talk.sound(300), talk.words('way.'));
    await talk.say(talk.generated);
    await talk.pass(1_000);
    await talk.say(talk.complete());
    await talk.pass(1_000);
    expect(talk.lines('model')).toEqual({ 1: 'Answer one.', 2: 'By the way.' });
    expect(talk.of('turn')).toHaveLength(2);
  });

  it('also where it is short', async () => {
    const talk = await answered();
    await talk.say(talk.words('Done.'), talk.generated, talk.complete());
    expect(talk.lines('model')).toEqual({ 1: 'Answer one.', 2: 'Done.' });
  });
});

it('an answer that comes before the local detector notices the end of speech loses nothing', async () => {
  const played: number[] = [];
  const talk = await answered({
    observers: [{ reply: (pcm, alive) => played.push(alive ? pcm.byteLength : 0) }],
  });
  await talk.beginToSpeak();
  await talk.pass(1_000);
  // No transcription: --no-transcribe.
  await talk.say(talk.sound(200), talk.words('Answer '));
  await talk.pass(100);
  talk.detector.lastVoicedMs = talk.detector.positionMs - 300;
  await talk.fallSilent();
  await talk.say(talk.words('two.'), talk.generated);
  await talk.pass(500);
  await talk.say(talk.complete());
  await talk.pass(500);
  expect(talk.lines('model')).toEqual({ 1: 'Answer one.', 2: 'Answer two.' });
});
