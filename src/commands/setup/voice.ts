/** The step of the voice: the user listens and chooses. */
import { GemliveError } from '../../errors.ts';
import { VOICES } from '../../protocol/voices.ts';
import type { Item } from '../../ui/dialog.ts';
import { askOnce } from '../chat/oneShot.ts';
import { openLoudspeaker } from '../chosenDevices.ts';
import { openPlace } from '../live.ts';
import { promptFor } from '../voices/preview.ts';
import { play, sentence, voiceHere } from './sound.ts';
import type { Stage } from './stage.ts';

type Answer = 'keep' | 'again' | 'another';
/** Speaks in a voice; settles when it has been heard. @throws GemliveError, or what the signal says. */
type Preview = (name: string, signal: AbortSignal) => Promise<void>;

/** The voices of this machine only tell Gemini's deeper voices from the others. */
const VOICES_HERE: readonly Item<string>[] = [
  { label: "Kore, a woman's", value: 'Kore' },
  { label: "Charon, a man's", value: 'Charon' },
];
const TELL_APART: readonly string[] = ['flite', 'flite-wasm', 'espeak-ng'];

/** `current`: the voice that `talk` has now. */
export async function voiceStep(stage: Stage, current: string | undefined): Promise<void> {
  if (!stage.canHear) return stage.say('Voice: not chosen, since nothing is heard');
  const { settings } = stage.context();
  if (!settings.local && stage.credential.kind === 'key') {
    if (!stage.isReachable)
      return stage.say('Voice: the service does not answer. Later: gemlive voices --preview Kore');
    const items = VOICES.map(({ name, style }) => ({ label: `${name}, ${style}`, value: name }));
    return choose(stage, items, current, (name, signal) => throughSession(stage, name, signal));
  }
  const voice = await voiceHere(stage.context(), stage.signal);
  if (!TELL_APART.includes(voice.name)) {
    const words = voice.name === 'none' ? 'there is none on this machine' : `it is ${voice.name}`;
    return stage.say(`Voice: ${words}; --tts chooses another (docs/engines.md)`);
  }
  return choose(stage, VOICES_HERE, current, async (name, signal) => {
    const sink = await openLoudspeaker(stage.context(), signal);
    try {
      const words = `Hello, my name is ${name}. This is how I sound.`;
      await play(sink, await sentence(voice, words, name, signal), signal);
    } finally {
      await sink.close();
    }
  });
}

async function choose(
  stage: Stage,
  items: readonly Item<string>[],
  current: string | undefined,
  preview: Preview,
): Promise<void> {
  const { dialog } = stage;
  let at = Math.max(
    0,
    items.findIndex(({ value }) => value === current),
  );
  for (;;) {
    const name = await dialog.choose('Voice, to hear:', items, { at });
    if (name === undefined) return;
    at = items.findIndex(({ value }) => value === name);
    let answer: Answer | undefined;
    do {
      dialog.status(`${name} speaks …`);
      try {
        await dialog.during((signal) => preview(name, signal));
      } catch (error) {
        if (!(error instanceof GemliveError)) throw error;
        stage.complain(`${name} could not be heard`, error);
      }
      answer = await dialog.choose<Answer>(`Keep ${name}?`, [
        { label: 'yes', value: 'keep' },
        { label: 'hear it again', value: 'again' },
        { label: 'hear another one', value: 'another' },
      ]);
    } while (answer === 'again');
    if (answer === 'another') continue;
    if (answer === 'keep' && (await stage.save({ voice: name }))) stage.use({ voice: name });
    return;
  }
}

/** Speaks through a session. The words of the answer are not printed, because they would stand between the questions. */
async function throughSession(stage: Stage, name: string, signal: AbortSignal): Promise<void> {
  const context = { ...stage.context({ voice: name }), stdout: SILENT };
  const sink = await openLoudspeaker(context, signal);
  try {
    const place = await openPlace(context);
    try {
      await askOnce(context, place, { prompt: promptFor(name), history: [], sink }, signal);
    } finally {
      await place.close();
    }
  } finally {
    await sink.close();
  }
}

const SILENT = { write: () => true } as unknown as NodeJS.WriteStream;
