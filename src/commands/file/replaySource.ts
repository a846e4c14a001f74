/**
 * A recording as a microphone: at the pace of speech, and after its end silence, since models close a
 * turn only while sound keeps arriving.
 */
import { pace } from '../../audio/sources/pace.ts';
import { silence } from '../../audio/sources/silence.ts';
import type { AudioSource } from '../../audio/ports.ts';

export type ReplayHooks = {
  /** Settles when the session takes sound: a recording can wait, and none of it may be lost. */
  ready: Promise<void>;
  onInputEnd: () => void;
};

/** The recording at 1.0×, then zeros until the signal aborts. */
export function pacedReplay(recording: AudioSource, hooks: ReplayHooks): AudioSource {
  return whenReady(recording, hooks, async function* (signal) {
    async function* whole(): AsyncGenerator<Uint8Array> {
      yield* recording.frames(signal);
      if (signal.aborted) return;
      hooks.onInputEnd();
      yield* silence(recording.format).frames(signal);
    }
    yield* pace(whole(), { signal, format: recording.format });
  });
}

/** The recording as fast as it is taken; for one utterance between activity markers. */
export function unpacedReplay(recording: AudioSource, hooks: ReplayHooks): AudioSource {
  return whenReady(recording, hooks, async function* (signal) {
    yield* recording.frames(signal);
    if (!signal.aborted) hooks.onInputEnd();
  });
}

/** Nothing before the session takes it. */
function whenReady(
  { format, label }: AudioSource,
  { ready }: ReplayHooks,
  replay: (signal: AbortSignal) => AsyncGenerator<Uint8Array>,
): AudioSource {
  return {
    format,
    label,
    async *frames(signal) {
      if (await readyBefore(ready, signal)) yield* replay(signal);
    },
  };
}

async function readyBefore(ready: Promise<void>, signal: AbortSignal): Promise<boolean> {
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([ready, aborted]);
  return !signal.aborted;
}
