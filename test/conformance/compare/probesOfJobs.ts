/** Probes of the models that translate, write down, or are hardly documented. */
import type { Probe } from './probes.ts';
import { closeOf, messageOrClose, setupAnswer } from './asking.ts';
import { question } from './scenarios.ts';
import type { Actor, Stage } from './stage.ts';
import { ALPHA_PATH } from '../../support/liveClient.ts';

const TRANSLATE = 'models/gemini-3.5-live-translate-preview';
const TRANSCRIBE = 'models/gemini-3.5-transcribe-live';
const ROBOTICS = 'models/gemini-robotics-er-2-streaming-preview';
/** A turn that has not ended so long after the first words does not end. */
const TURN_MS = 10_000;

/** Setups of a session that does its job. */
const SETUPS: Record<string, Record<string, unknown>> = {
  [TRANSCRIBE]: {
    generationConfig: { responseModalities: ['TEXT'] },
    outputAudioTranscription: undefined,
  },
  [TRANSLATE]: {
    generationConfig: {
      responseModalities: ['AUDIO'],
      translationConfig: { targetLanguageCode: 'de' },
    },
  },
};

/** Speaks to it until its turn is over, or will not be. */
async function spokenTo(stage: Stage, model: string): Promise<Actor> {
  const actor = await stage.ready({ model, ...SETUPS[model] });
  const limitMs = performance.now() + question().byteLength / 32 + TURN_MS;
  await actor.speak(question(), () => actor.turnsOver() > 0 || performance.now() > limitMs);
  return actor;
}

/** What nobody says of these models: it is sent where the user asks for it. */
const UNDOCUMENTED: readonly [name: string, setup: Record<string, unknown>][] = [
  ['thinkingLevel', { generationConfig: { thinkingConfig: { thinkingLevel: 'LOW' } } }],
  ['enableAffectiveDialog', { generationConfig: { enableAffectiveDialog: true } }],
  ['proactiveAudio', { proactivity: { proactiveAudio: true } }],
];

export const PROBES_OF_JOBS = {
  async transcribeWay(stage) {
    const { received } = await spokenTo(stage, TRANSCRIBE);
    const contents = received.map(({ serverContent }) => serverContent ?? {});
    const ways = [
      contents.some(({ modelTurn }) => modelTurn?.parts?.some(({ text }) => text)) && 'text parts',
      contents.some(({ inputTranscription }) => inputTranscription?.text) && 'inputTranscription',
    ];
    return ways.filter((way) => way !== false).join(' and ') || 'no words';
  },

  async turnsOfJobs(stage) {
    const ending: string[] = [];
    for (const model of [TRANSLATE, TRANSCRIBE]) {
      const actor = await spokenTo(stage, model);
      if (actor.turnsOver() > 0) ending.push(model);
    }
    return ending.length === 0 ? 'neither' : `those of ${ending.join('; ')}`;
  },

  async translationTarget(stage) {
    const answer = await setupAnswer(stage, { model: TRANSLATE });
    return answer === 'setupComplete' ? 'setupComplete without one' : answer;
  },

  async translatedText(stage) {
    const actor = await stage.ready({ model: TRANSLATE, ...SETUPS[TRANSLATE] });
    actor.text('Good morning.');
    const came = await Promise.race([
      messageOrClose(actor, ({ serverContent }) => serverContent?.modelTurn !== undefined),
      closeOf(actor.client.closed),
      new Promise<string>((resolve) => setTimeout(() => resolve('no answer'), TURN_MS)),
    ]);
    return typeof came === 'string' ? came : 'answered';
  },

  async undocumentedSettings(stage) {
    const refused: string[] = [];
    for (const model of [TRANSLATE, TRANSCRIBE, ROBOTICS]) {
      for (const [name, setup] of UNDOCUMENTED) {
        const own = SETUPS[model] ?? {};
        const generationConfig = {
          ...(own['generationConfig'] as object | undefined),
          ...(setup['generationConfig'] as object | undefined),
        };
        const asked = { model, ...own, ...setup, generationConfig };
        const answer = await setupAnswer(stage, asked, { path: ALPHA_PATH });
        if (answer !== 'setupComplete') refused.push(`${name} of ${model}: ${answer}`);
      }
    }
    return refused.length === 0 ? 'none' : refused.join('; ');
  },
} satisfies Record<string, Probe>;
