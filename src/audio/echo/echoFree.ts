/** A microphone without the echo of our own loudspeaker. The work is done in a worker: the sound here goes on. */
import { Worker } from 'node:worker_threads';

import type { Warning } from '../../errors.ts';
import { systemClock } from '../clock.ts';
import { BYTES_PER_SAMPLE } from '../format.ts';
import { copyOf, floatFromS16 } from '../pcm.ts';
import type { AudioSink, AudioSource, DeviceNotice } from '../ports.ts';
import { createResampler, type Resampler } from '../resample.ts';
import type { RecorderSource } from '../sources/recorder.ts';
import { RATE_HZ } from './geometry.ts';
import { Reference } from './reference.ts';
import type { EchoStatistics } from './statistics.ts';

/** In src/ there is no such file: run what is built. */
const WORKER = new URL('./worker.js', import.meta.url);
/** A device that says when it sounds is right to some milliseconds; of one that does not, little is known. */
const AHEAD_MS = 16;
const AHEAD_IF_ESTIMATED_MS = 60;

/** What comes back for each piece, in order. `statistics`: now and then. */
export type Cancelled = { pcm: Uint8Array; isEcho: boolean; statistics?: EchoStatistics };

/** What the thread begins with. */
export type WorkerOptions = { how: 'aec' | 'gate'; dumpFolder: string | undefined };

type Waiting = { mic: Uint8Array; done: (pcm: Uint8Array) => void };

export class EchoFreeSource implements RecorderSource {
  readonly #source: RecorderSource;
  readonly #reference: Reference;
  readonly #aheadMs: number;
  readonly #resampler: Resampler;
  readonly #worker: Worker;
  readonly #stopListening: () => void;
  readonly #echoes = new WeakSet<Uint8Array>();
  #waiting: Waiting[] = [];
  #isBroken = false;
  #closed = false;
  #onStatistics: (statistics: EchoStatistics) => void = () => {};
  #onWarning: (warning: Warning) => void = () => {};

  /** Owns `source`, not `sink`. `how`: the canceller, or half-duplex. `dumpFolder`: for an {@link EchoRecording}. */
  static async open(
    source: RecorderSource,
    sink: AudioSink,
    how: 'aec' | 'gate',
    dumpFolder?: string,
  ): Promise<EchoFreeSource> {
    const resampler = await createResampler(sink.format.sampleRateHz, RATE_HZ);
    return new EchoFreeSource(source, sink, resampler, { how, dumpFolder });
  }

  private constructor(
    source: RecorderSource,
    sink: AudioSink,
    resampler: Resampler,
    worker: WorkerOptions,
  ) {
    this.#source = source;
    this.#resampler = resampler;
    this.#aheadMs = sink.position().estimated ? AHEAD_IF_ESTIMATED_MS : AHEAD_MS;
    const reference = new Reference(this.#aheadMs);
    this.#reference = reference;
    const perByte = RATE_HZ / sink.format.sampleRateHz / BYTES_PER_SAMPLE;
    this.#stopListening = sink.onRender(
      (pcm, atMs) => reference.heard(pcm.byteLength * perByte, atMs),
      {
        handed: (pcm, atMs) => {
          const begins = reference.isSilentBefore(atMs);
          if (begins) reference.append(resampler.restart());
          reference.handed(resampler.push(floatFromS16(pcm)), atMs, begins);
        },
        dropped: () => {
          resampler.restart();
          reference.dropped();
        },
      },
    );
    this.#worker = new Worker(WORKER, { workerData: worker });
    this.#worker.unref();
    this.#worker.on('message', (cancelled: Cancelled) => this.#take(cancelled));
    this.#worker.on('error', (error) => this.#break(error.message));
    this.#worker.on('exit', () => this.#break('its thread has ended'));
  }

  get format(): AudioSource['format'] {
    return this.#source.format;
  }

  get label(): string {
    return this.#source.label;
  }

  /** How well it does, twice a second; never of the gate. The delay is that from the loudspeaker. One listener. */
  onStatistics(listener: (statistics: EchoStatistics) => void): void {
    this.#onStatistics = listener;
  }

  async *frames(signal: AbortSignal): AsyncIterable<Uint8Array> {
    for await (const mic of this.#source.frames(signal)) {
      yield this.#isBroken ? mic : await this.#cancel(mic);
    }
  }

  isEcho(frame: Uint8Array): boolean {
    return this.#echoes.has(frame);
  }

  onDevice(listener: (notice: DeviceNotice) => void): void {
    this.#source.onDevice?.(listener);
  }

  onWarning(listener: (warning: Warning) => void): void {
    this.#onWarning = listener;
    this.#source.onWarning?.(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stopListening();
    this.#letGo();
    await Promise.all([this.#source.close(), this.#worker.terminate()]);
    this.#resampler.close();
  }

  #cancel(mic: Uint8Array): Promise<Uint8Array> {
    const far = new Float32Array(mic.byteLength / BYTES_PER_SAMPLE);
    this.#reference.take(systemClock.nowMs(), far);
    // In memory of its own: what it is a view of may be large.
    const own = copyOf(mic);
    return new Promise((done) => {
      this.#waiting.push({ mic, done });
      this.#worker.postMessage({ far, mic: own }, [far.buffer, own.buffer as ArrayBuffer]);
    });
  }

  #take({ pcm, isEcho, statistics }: Cancelled): void {
    if (isEcho) this.#echoes.add(pcm);
    if (statistics !== undefined) {
      const { delayMs } = statistics;
      const fromSpeaker = delayMs === undefined ? undefined : Math.max(0, delayMs - this.#aheadMs);
      this.#onStatistics({ ...statistics, delayMs: fromSpeaker });
    }
    this.#waiting.shift()?.done(pcm);
  }

  /** The microphone goes on as it is. */
  #break(why: string): void {
    if (this.#closed || this.#isBroken) return;
    this.#isBroken = true;
    this.#letGo();
    this.#onWarning({
      code: 'echo_canceller_failed',
      message: `echo is not cancelled any more: ${why}`,
      hint: 'use headphones, or start anew',
    });
  }

  #letGo(): void {
    for (const { mic, done } of this.#waiting.splice(0)) done(mic);
  }
}
