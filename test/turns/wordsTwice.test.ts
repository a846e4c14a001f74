import { afterEach, describe, expect, it } from 'vitest';
import { Transcript } from '../../src/live/transcript.ts';
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
const text = (words: string): object => ({
  serverContent: { modelTurn: { parts: [{ text: words }] } },
});

describe('text parts', () => {
  it('beside a transcription of the same words do not count', async () => {
    const talk = await talking();
    talk.conversation.sendText('hello');
    for (const words of ['Hello, ', 'who is ', 'there?']) {
      await talk.say({
        serverContent: {
          modelTurn: { parts: [{ text: words }] },
          outputTranscription: { text: words },
        },
      });
    }
    await talk.say(talk.generated, talk.complete());
    expect(talk.lines('model')).toEqual({ 1: 'Hello, who is there?' });
  });

  it.each(['before', 'after'])(
    'that nobody says, %s the spoken words, do not count',
    async (when) => {
      const talk = await talking();
      talk.conversation.sendText('hello');
      if (when === 'before') await talk.say(text('**Plan** I greet. '));
      await talk.say(talk.sound(200), talk.words('Hello.'));
      if (when === 'after') await talk.say(text('**Plan** I wait. '));
      await talk.say(talk.generated, talk.complete());
      expect(talk.lines('model')).toEqual({ 1: 'Hello.' });
    },
  );

  it('are the answer where nothing is spoken, and stream from the second answer on', async () => {
    const talk = await talking();
    talk.conversation.sendText('hello');
    await talk.say(text('Hel'), text('lo.'), talk.generated, talk.complete());
    expect(talk.lines('model')).toEqual({ 1: 'Hello.' });
    talk.conversation.sendText('again');
    await talk.say(text('Hello '));
    expect(talk.of('model').at(-1)).toEqual({ type: 'model', turn: 2, delta: 'Hello ' });
  });

  it('are the answer where its sound is not transcribed', async () => {
    const talk = await talking();
    talk.conversation.sendText('hello');
    await talk.say(text('Hello.'), talk.sound(200), talk.generated, talk.complete());
    expect(talk.lines('model')).toEqual({ 1: 'Hello.' });
  });

  it('that were received are kept when the turn is cut off', async () => {
    const talk = await talking();
    talk.conversation.sendText('hello');
    await talk.say(text('Hello and '));
    await talk.pass(15_000);
    expect(talk.lines('model')).toEqual({ 1: 'Hello and' });
    expect(talk.of('turn')).toMatchObject([{ reason: 'CUT_OFF' }]);
  });
});

describe('whole sentences', () => {
  it('of one utterance after the other have a blank between them', async () => {
    const talk = await talking({ hears: true });
    await talk.speak(1_000);
    await talk.say(talk.heard('I would like to'));
    await talk.pass(1_000);
    await talk.speak(1_000);
    await talk.say(talk.heard('book a table for two.'));
    await talk.say(
      talk.words('For today?'),
      talk.words('Or tomorrow?'),
      talk.generated,
      talk.complete(),
    );
    expect(talk.lines('user')).toEqual({ 1: 'I would like to book a table for two.' });
    expect(talk.lines('model')).toEqual({ 1: 'For today? Or tomorrow?' });
    const deltas = talk.of('user').flatMap((event) => ('delta' in event ? event.delta : []));
    expect(deltas.join('')).toBe('I would like to book a table for two.');
  });

  it('deltas of one word stay one word, though a new utterance begins between them', async () => {
    const talk = await talking({ hears: true });
    await talk.speak(1_000);
    await talk.say(talk.heard('Hel'));
    await talk.beginToSpeak();
    await talk.say(talk.heard('lo'));
    await talk.say(talk.words('Yes?'), talk.generated, talk.complete());
    expect(talk.lines('user')).toEqual({ 1: 'Hello' });
  });
});

describe('after a reconnect', () => {
  it('a transcript that comes again stands once, and what is new is added', async () => {
    const talk = await talking({ hears: true });
    await talk.say({ sessionResumptionUpdate: { newHandle: 'h', resumable: true } });
    await talk.speak(1_000);
    await talk.say(talk.heard('I would like to book a table'));
    await talk.breakConnection();
    await talk.pass(1_000);
    await talk.say(talk.heard('I would like'), talk.heard(' to book a table'));
    expect(talk.of('user').filter((event) => 'final' in event)).toEqual([]);
    await talk.say(talk.heard(' for two.'));
    await talk.say(talk.words('For today?'), talk.generated, talk.complete());
    expect(talk.lines('user')).toEqual({ 1: 'I would like to book a table for two.' });
  });

  it('the next question is no repetition', async () => {
    const talk = await talking({ hears: true });
    await talk.say({ sessionResumptionUpdate: { newHandle: 'h', resumable: true } });
    await talk.speak(1_000);
    await talk.say(talk.heard('Yes.'));
    await talk.breakConnection();
    await talk.pass(1_000);
    await talk.say(talk.heard('Yes.'), talk.words('Good.'), talk.generated, talk.complete());
    await talk.speak(1_000);
    await talk.say(talk.heard('Yes.'), talk.words('Good.'), talk.generated, talk.complete());
    expect(talk.lines('user')).toEqual({ 1: 'Yes.', 2: 'Yes.' });
  });
});

it('what a new session is told of the old one has no word twice', () => {
  const transcript = new Transcript();
  const heard = (words: string): void =>
    transcript.heard({ type: 'inputTranscription', text: words, interim: false });
  heard('One?');
  transcript.heard({ type: 'text', text: '**Plan**' });
  transcript.heard({ type: 'outputTranscription', text: 'Answer one.' });
  transcript.heard({ type: 'text', text: 'Answer one.' });
  transcript.heard({ type: 'outputTranscription', text: 'Indeed.' });
  heard('Two?');
  transcript.replayed();
  heard('Two?');
  const lines = transcript.history(() => false, false).map(({ parts }) => parts[0]?.text);
  expect(lines).toEqual(['One?', 'Answer one. Indeed.', 'Two?']);
});
