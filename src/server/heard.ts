/** What was heard, where that is all there is to say. */
import type { Job } from '../protocol/models.ts';
import type { Utterance } from './activity.ts';
import type { AnswerStream } from './answer.ts';
import { ownWords } from './sound.ts';
import { once } from './thinking.ts';
import type { Turn } from './turn.ts';

/** Nothing was understood, and nothing is made up: the answer is a sound check, or, of who converses, says so. */
export async function sayWhatWasHeard(
  { input, words }: Turn,
  stream: AnswerStream,
  job: Job,
): Promise<void> {
  if (input.kind !== 'speech') return;
  if ((await words) === undefined) {
    const sound = await ownWords(input.pcm);
    await stream.play(`[your own words, ${secondsOf(input)}]`, sound);
  } else if (job === 'converse') {
    await stream.say(once('I heard you, but I did not understand a word. Please say it again.'));
  }
}

/** What a recogniser takes words for before it has heard all of them: their first half. */
export function guessOf(transcript: string): string {
  const words = transcript.split(' ');
  return words.slice(0, Math.ceil(words.length / 2)).join(' ');
}

export const transcriptOf = (utterance: Utterance, words: string | undefined): string =>
  words || `[speech, ${secondsOf(utterance)}]`;
const secondsOf = ({ speechMs }: Utterance): string => `${(speechMs / 1000).toFixed(1)} s`;
