/**
 * What every session says, over and over, and when the server can know that it is its turn: a recording twice,
 * the second time over the answer to the first.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOfMs, INPUT_FORMAT } from '../../../src/audio/format.ts';
import { createSpeechDetector } from '../../../src/audio/speechDetector.ts';

const FRAME_MS = 40;
const RECORDING = join(import.meta.dirname, '..', '..', '..', 'audio-fixtures', 'question.pcm');
/** Of the recording's speech: audio-fixtures/README.md. */
const SPEECH_MS = { from: 500, to: 2200 };

export type Mark = {
  slot: number;
  sends?: 'activityStart' | 'activityEnd';
  awaits?: 'answer' | 'interrupt';
};
export type Rounds = {
  setup: object;
  sound: string;
  roundMs: number;
  marks(slots: number): Mark[];
};

const MODEL = 'models/gemini-3.8-live';

/** A recording at each of `atMs`, zeros elsewhere. */
function timeline(roundMs: number, atMs: readonly number[]): Uint8Array {
  const pcm = new Uint8Array(bytesOfMs(INPUT_FORMAT, roundMs));
  for (const ms of atMs) pcm.set(readFileSync(RECORDING), bytesOfMs(INPUT_FORMAT, ms));
  return pcm;
}

/** Frame with the sample just before `ms`: it is sent at `ms`. */
const slotBefore = (ms: number): number => Math.ceil(ms / FRAME_MS) - 1;

const PADDING_MS = 100;
const SILENCE_MS = 800;

/**
 * Automatic activity detection. The reference is a detector of the bench's own on the same sound: the moments at
 * which the configured waits are over, `prefixPaddingMs` of speech or `silenceDurationMs` of none.
 */
export async function byDetection(): Promise<Rounds & { onsetMs: number }> {
  const roundMs = 10_400;
  const pcm = timeline(roundMs, [0, 4000]);
  const detector = await createSpeechDetector({ startMs: PADDING_MS, endSilenceMs: SILENCE_MS });
  const frameBytes = bytesOfMs(INPUT_FORMAT, 20);
  let onsetMs = Number.NaN;
  const marks = (slots: number): Mark[] => {
    const found: Mark[] = [];
    detector.reset();
    for (let frame = 0; frame < slots * 2; frame++) {
      const at = (frame * frameBytes) % pcm.byteLength;
      const change = detector.push(pcm.subarray(at, at + frameBytes));
      const slot = Math.floor(frame / 2);
      if (change === 'end') found.push({ slot, awaits: 'answer' });
      // The first question of a round is asked in silence, the second over the answer to the first.
      const answered = found.filter((mark) => mark.awaits === 'answer').length;
      if (change === 'start' && answered % 2 === 1) found.push({ slot, awaits: 'interrupt' });
      if (change === 'start' && answered === 0) onsetMs = detector.onsetMs;
    }
    return found;
  };
  marks(200);
  return {
    setup: {
      model: MODEL,
      realtimeInputConfig: {
        automaticActivityDetection: {
          prefixPaddingMs: PADDING_MS,
          silenceDurationMs: SILENCE_MS,
        },
      },
    },
    sound: Buffer.from(pcm).toString('base64'),
    roundMs,
    marks,
    onsetMs,
  };
}

/** The client's own markers around the speech. */
export function byMarkers(): Rounds {
  const roundMs = 8000;
  const secondMs = 2600;
  const slotsOfRound = roundMs / FRAME_MS;
  const marks = (slots: number): Mark[] => {
    const found: Mark[] = [];
    for (let from = 0; from < slots; from += slotsOfRound) {
      const at = (ms: number): number => from + slotBefore(ms);
      found.push(
        { slot: at(SPEECH_MS.from), sends: 'activityStart' },
        { slot: at(SPEECH_MS.to), sends: 'activityEnd', awaits: 'answer' },
        { slot: at(secondMs + SPEECH_MS.from), sends: 'activityStart', awaits: 'interrupt' },
        { slot: at(secondMs + SPEECH_MS.to), sends: 'activityEnd', awaits: 'answer' },
      );
    }
    return found.filter((mark) => mark.slot < slots);
  };
  return {
    setup: {
      model: MODEL,
      realtimeInputConfig: { automaticActivityDetection: { disabled: true } },
    },
    sound: Buffer.from(timeline(roundMs, [0, secondMs])).toString('base64'),
    roundMs,
    marks,
  };
}
