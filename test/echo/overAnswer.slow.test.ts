/**
 * Words over an answer, from the microphone to the wire: the canceller, the detector and what holds back what is no speech. The clock is
 * the sound itself: a frame is 20 ms.
 */
import { describe, expect, it } from 'vitest';

import { EchoProcessor } from '../../src/audio/echo/processor.ts';
import { bytesOfMs, FRAME_MS, INPUT_FORMAT } from '../../src/audio/format.ts';
import type { AudioSource } from '../../src/audio/ports.ts';
import { concatBytes, floatFromS16, levelDbfs, s16FromFloat } from '../../src/audio/pcm.ts';
import { createSpeechDetector } from '../../src/audio/speechDetector.ts';
import type { LiveSession } from '../../src/live/session.ts';
import { Capture } from '../../src/turns/capture.ts';
import type { TurnTracker } from '../../src/turns/tracker.ts';
import { StreamingConvolver } from '../bench/echo/convolver.ts';
import { response } from '../bench/echo/room.ts';
import { atLevel, fromDb, gauss, powerOf, randomOf, RATE } from '../bench/echo/signal.ts';
import { missingSyllable } from '../bench/firstSyllable.ts';
import { burst, BURST_KINDS } from '../support/bursts.ts';
import { hasProgram } from '../support/programs.ts';
import { spoken } from '../support/spoken.ts';
import { assistant } from './inRoom.ts';

const FRAME = (RATE * FRAME_MS) / 1000;
const LEAD_FRAMES = 1000 / FRAME_MS;
const TAIL_FRAMES = 600 / FRAME_MS;
const ANSWER = atLevel(assistant, -20);

type Place = { echo?: { delayMs: number; couplingDb: number }; noiseDbfs?: number };

const PLACES: [string, Place][] = [
  ['on headphones, a microphone of digital silence', {}],
  ['in a room with an open loudspeaker', { echo: { delayMs: 20, couplingDb: -9 }, noiseDbfs: -66 }],
];

/** One talk: `say` puts a sound over an answer, from its first second on, and gives what went out then. */
async function openTalk({ echo, noiseDbfs }: Place) {
  const random = randomOf(3);
  const processor = new EchoProcessor('aec');
  const path = response(1, echo?.delayMs ?? 0, 300);
  const gain = echo ? fromDb(echo.couplingDb) / Math.sqrt(path.length * powerOf(path)) : 0;
  const room = new StreamingConvolver(path.map((sample) => sample * gain));
  const echoes = new WeakSet<Uint8Array>();
  let next: (frame: Uint8Array) => void = () => {};
  let asked: () => void = () => {};
  const askedForNext = (): Promise<void> => new Promise((settle) => (asked = settle));
  const source: AudioSource = {
    format: INPUT_FORMAT,
    label: 'a room',
    async *frames() {
      for (;;) {
        yield await new Promise<Uint8Array>((settle) => {
          next = settle;
          asked();
        });
      }
    },
    isEcho: (frame) => echoes.has(frame),
  };
  let sent: Uint8Array[] = [];
  const session = {
    sendAudio: (pcm: Uint8Array) => sent.push(pcm) > 0,
    utteranceBegan: () => {},
    utteranceEnded: () => {},
  };
  let frames = 0;
  let answers = false;
  let begun = 0;
  const detector = await createSpeechDetector();
  const capture = new Capture({
    session: session as unknown as LiveSession,
    source,
    detector,
    marking: 'server',
    replySounds: () => answers,
    idleTimeoutMs: 0,
    tracker: { speechStarted: () => {}, speechEnded: () => {} } as unknown as TurnTracker,
    clock: { nowMs: () => frames * FRAME_MS } as never,
    onFrame: () => {},
    onActivity: (speaking) => {
      if (speaking) begun++;
    },
    onIdle: () => {},
  });
  const done = new AbortController();
  const ready = askedForNext();
  void capture.run(done.signal);
  await ready;
  const hear = async (far: Float32Array, near: Float32Array): Promise<void> => {
    const heard = room.push(far);
    const hiss = noiseDbfs === undefined ? 0 : fromDb(noiseDbfs);
    const mic = s16FromFloat(near.map((sample, i) => sample + heard[i]! + hiss * gauss(random)));
    const { pcm, isEcho } = processor.process(far, mic);
    if (isEcho) echoes.add(pcm);
    frames++;
    // The next frame is asked for when this one has been taken.
    const taken = askedForNext();
    next(pcm);
    await taken;
  };
  const frameOf = (sound: Float32Array, at: number): Float32Array =>
    Float32Array.from({ length: FRAME }, (_, i) => sound[at + i] ?? 0);
  return {
    /** `offset`: samples from the beginning of a frame to that of the sound. */
    say: async (sound: Float32Array, offset: number) => {
      [sent, begun] = [[], 0];
      const last = LEAD_FRAMES + Math.ceil((sound.length + offset) / FRAME) + TAIL_FRAMES;
      for (let i = 0; i < last; i++) {
        // The server stops the answer at once: whoever wants more words over it speaks again.
        answers = begun === 0;
        const at = (i - LEAD_FRAMES) * FRAME - offset;
        const far = answers ? frameOf(ANSWER, i * FRAME) : new Float32Array(FRAME);
        await hear(far, frameOf(sound, at)); // oxlint-disable-line no-await-in-loop -- as sound comes
      }
      return { stopped: begun > 0, sent };
    },
    close: () => {
      done.abort();
      detector.close();
    },
  };
}

const WORDS = [
  ['slt', 'stop'],
  ['rms', 'six seven eight'],
  ['awb', 'shut up'],
  ['rms', 'what is that'],
  ['slt', 'wait a moment'],
  ['rms', 'stop'],
  ['slt', 'shut up'],
  ['awb', 'no'],
] as const;

describe.skipIf(!hasProgram('flite') || !hasProgram('sox'))('over an answer', () => {
  it.each(PLACES)(
    '%s: words stop it, and are on the wire from their first sound on',
    async (_, place) => {
      const talk = await openTalk(place);
      // The canceller learns the room.
      await talk.say(new Float32Array(2 * RATE), 0);
      for (const [i, [voice, text]] of WORDS.entries()) {
        const word = spoken(voice, text);
        const { stopped, sent } = await talk.say(floatFromS16(word), (i * 137) % FRAME);
        expect([
          voice,
          text,
          stopped,
          missingSyllable(word, sent, place.echo ? 'room' : 'silence'),
        ]).toEqual([voice, text, true, undefined]);
      }
      talk.close();
    },
  );

  it.each(PLACES)('%s: bursts and the answer itself do not', async (_, place) => {
    const talk = await openTalk(place);
    const { stopped, sent } = await talk.say(new Float32Array(3 * RATE), 0);
    expect(stopped).toBe(false);
    // What of the echo is left goes out as the room.
    expect(levelDbfs(concatBytes(sent).subarray(bytesOfMs(INPUT_FORMAT, 1000)))).toBeLessThan(-60);
    for (const [i, kind] of BURST_KINDS.entries()) {
      const heard = await talk.say(floatFromS16(burst(kind, i)), (i * 137) % FRAME);
      expect([kind, heard.stopped]).toEqual([kind, false]);
    }
    talk.close();
  });
});
