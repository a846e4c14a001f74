/** The timing of an answer, over many turns: what comes first, and what is held back. */
import type { Received } from '../../support/liveClient.ts';
import { question } from './scenarios.ts';
import type { Actor, Stage } from './stage.ts';
import { soundMsOf } from './trace.ts';

/** Of one turn, milliseconds. */
export type TurnTiming = {
  firstSoundMs: number;
  firstChunkMs: number;
  soundMs: number;
  generatedMs: number;
  /** turnComplete less the end of the sound, had it been played from its first chunk on. */
  heldMs: number;
};

/** @throws Error where the turn had no sound */
export function turnTiming(turn: readonly Received[], askedAtMs: number): TurnTiming {
  const sounds = turn.filter((message) => soundMsOf(message) > 0);
  const [first] = sounds;
  const generated = turn.find((message) => message.serverContent?.generationComplete);
  const over = turn.find((message) => message.serverContent?.turnComplete);
  if (!first || !generated || !over) throw new Error('the turn has no sound, or no end');
  const soundMs = sounds.reduce((sum, message) => sum + soundMsOf(message), 0);
  return {
    firstSoundMs: first.at - askedAtMs,
    firstChunkMs: soundMsOf(first),
    soundMs,
    generatedMs: generated.at - first.at,
    heldMs: over.at - first.at - soundMs,
  };
}

const SENTENCES = [
  'What is 12 times 12?',
  'Say the quick brown fox jumps over the lazy dog.',
  'Count to twelve.',
  'Say it is a fine day today, and tomorrow it will be finer still.',
];

/** By text, one turn after the other in one session. */
export async function timeTextTurns(stage: Stage, count: number): Promise<TurnTiming[]> {
  const actor = await stage.ready();
  const timings: TurnTiming[] = [];
  for (let index = 0; index < count; index += 1) {
    const askedAtMs = performance.now();
    actor.text(SENTENCES[index % SENTENCES.length] ?? '');
    timings.push(turnTiming(await actor.turn(index + 1), askedAtMs));
  }
  return timings;
}

/** By speech between markers: from the end of speech on, recognition included. */
export async function timeSpokenTurns(stage: Stage, count: number): Promise<TurnTiming[]> {
  const actor = await stage.ready({
    realtimeInputConfig: { automaticActivityDetection: { disabled: true } },
  });
  const timings: TurnTiming[] = [];
  for (let index = 0; index < count; index += 1) {
    actor.do('activityStart', { realtimeInput: { activityStart: {} } });
    sendAll(actor, question());
    const askedAtMs = performance.now();
    actor.do('activityEnd', { realtimeInput: { activityEnd: {} } });
    timings.push(turnTiming(await actor.turn(index + 1), askedAtMs));
  }
  return timings;
}

function sendAll(actor: Actor, pcm: Buffer): void {
  for (let at = 0; at < pcm.length; at += 1280) {
    const data = pcm.subarray(at, at + 1280).toString('base64');
    actor.client.send({ realtimeInput: { audio: { data, mimeType: 'audio/pcm;rate=16000' } } });
  }
}

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
};
/** The one farthest from `from`. */
const worst = (values: readonly number[], from = 0): number =>
  values.reduce(
    (far, value) => (Math.abs(value - from) > Math.abs(far - from) ? value : far),
    from,
  );

/** One line for each figure: name, median, worst. */
export function timingLines(what: string, timings: readonly TurnTiming[]): string[] {
  const line = (name: string, values: readonly number[], unit = ' ms', digits = 0): string =>
    `  ${name.padEnd(44)} median ${median(values).toFixed(digits)}${unit}, worst ${worst(values).toFixed(digits)}${unit}`;
  return [
    `${what}, ${timings.length} turns`,
    line(
      'input to first sound',
      timings.map(({ firstSoundMs }) => firstSoundMs),
    ),
    line(
      'first chunk',
      timings.map(({ firstChunkMs }) => firstChunkMs),
    ),
    line(
      'sound',
      timings.map(({ soundMs }) => soundMs),
    ),
    line(
      'generationComplete, share of the sound',
      timings.map(({ generatedMs, soundMs }) => generatedMs / soundMs),
      '',
      2,
    ),
    line(
      'turnComplete less end of sound',
      timings.map(({ heldMs }) => heldMs),
      ' ms',
      1,
    ),
    `  within 30 ms of the end of the sound: ${timings.filter(({ heldMs }) => Math.abs(heldMs) <= 30).length} of ${timings.length}`,
  ];
}
