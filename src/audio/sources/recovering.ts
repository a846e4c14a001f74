/**
 * A microphone that comes and goes. When its recorder dies, falls silent, or is moved by the sound server to
 * what the loudspeaker plays, it is looked for; meanwhile silence goes on in real time, since the models close
 * a turn only while sound keeps arriving.
 */
import { EXIT, GemliveError } from '../../errors.ts';
import type { Warning } from '../../errors.ts';
import { OpenFailure } from '../backends/failures.ts';
import { systemClock } from '../clock.ts';
import type { Clock } from '../clock.ts';
import { soundSystemOf } from '../devices/choose.ts';
import { lookAt } from '../devices/level.ts';
import type { SeenDevice } from '../devices/level.ts';
import { isDefaultSinkMonitor } from '../devices/pulse.ts';
import { bytesOfMs, FRAME_MS, INPUT_FORMAT } from '../format.ts';
import type { DeviceNotice } from '../ports.ts';
import { Conditioner } from './conditioner.ts';
import type { MicFault } from './conditioner.ts';
import { micWarning } from './micFaults.ts';
import { sleep } from './pace.ts';
import { openRecorderSource } from './recorder.ts';
import type { RecorderRun, RecorderSource, RecorderSourceOptions } from './recorder.ts';

/** A recorder that lives and gives nothing is as good as dead: in turns of the clock, which no sleep shortens. */
const WATCH_MS = 250;
const SILENT_WATCHES = 4;

const SEARCH_MS = 20_000;
const FIRST_WAIT_MS = 250;
const MAX_WAIT_MS = 1000;
/** One that is lost again soon has hardly been back: a second of it makes up for four of search. */
const LIFE_COUNTS = 4;
/** One that dies sooner is tried less and less often. */
const ALIVE_MS = 1000;
/** More than this is not made up for: the machine has slept. */
const MAX_BEHIND_MS = 2000;

export type RecoveringParts = {
  first: RecorderRun;
  /** @throws OpenFailure, or what the signal says. */
  reopen: (signal: AbortSignal) => Promise<RecorderRun>;
  /** It gives what our own loudspeaker plays. */
  isLoudspeaker: (device: string) => Promise<boolean>;
  /** What the sound server says of a device, and of others. */
  look?: (device: string | undefined) => Promise<SeenDevice | undefined>;
  recorder: string;
  clock?: Clock;
};

/** Opens as {@link openRecorderSource} does. A command of the user's own is used once, and as it is. */
export async function openRecoveringSource(
  options: RecorderSourceOptions,
  signal?: AbortSignal,
): Promise<RecorderSource> {
  const first = await openRecorderSource(options, signal);
  const { program, device: wanted, environment = {} } = options;
  if (program.command !== undefined) return first;
  return new RecoveringSource({
    first,
    reopen: (stop) => openRecorderSource(options, stop),
    isLoudspeaker: async (device) =>
      device !== wanted && (await isDefaultSinkMonitor(device, environment)),
    look: (device) => lookAt('input', soundSystemOf(program), device ?? wanted, environment),
    recorder: program.name,
  });
}

export class RecoveringSource implements RecorderSource {
  readonly format = INPUT_FORMAT;
  readonly #parts: RecoveringParts;
  readonly #clock: Clock;
  readonly #conditioner: Conditioner;
  readonly #closing = new AbortController();
  readonly #warnings: Warning[] = [];
  #onWarning: ((warning: Warning) => void) | undefined;
  #onDevice: (notice: DeviceNotice) => void = () => {};
  #run: RecorderRun;
  #openedOn: string | undefined;
  #finding: Promise<RecorderRun | GemliveError> | undefined;
  #openedMs: number;
  #lastFrameMs: number;
  readonly #search = { spentMs: 0, waitMs: 0 };
  #ownLoudspeaker: string | undefined;

  constructor(parts: RecoveringParts) {
    this.#parts = parts;
    this.#clock = parts.clock ?? systemClock;
    this.#run = parts.first;
    this.#openedOn = parts.first.device;
    this.#openedMs = this.#clock.nowMs();
    this.#lastFrameMs = this.#openedMs;
    this.#conditioner = new Conditioner((fault) => void this.#warnOf(fault));
    void this.#lookAtFirst();
  }

  get label(): string {
    return this.#run.label;
  }

  onDevice(listener: (notice: DeviceNotice) => void): void {
    this.#onDevice = listener;
  }

  onWarning(listener: (warning: Warning) => void): void {
    this.#onWarning = listener;
    for (const warning of this.#warnings.splice(0)) listener(warning);
  }

  async *frames(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const stop = AbortSignal.any([signal, this.#closing.signal]);
    try {
      for (;;) {
        const why = yield* this.#live(stop);
        if (why === undefined || stop.aborted) return;
        const device = this.#run.device ?? this.#parts.recorder;
        this.#onDevice(why === SUSPENDED ? { state: 'suspended', device } : { state: 'lost', why });
        this.#finding = this.#find(why, stop);
        const found = yield* this.#silenceUntil(this.#finding, stop);
        if (found === undefined) return;
        this.#use(found);
      }
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the microphone is closed'));
    await this.#run.close();
    const found = await this.#finding;
    if (found !== undefined && 'close' in found) await found.close();
  }

  /** Frames of this run until it is lost: why. Undefined: it is over, and that was asked for. */
  async *#live(stop: AbortSignal): AsyncGenerator<Uint8Array, string | undefined> {
    const run = this.#run;
    let why: string | undefined;
    const unwatch = this.#watch(run, (reason) => {
      why ??= reason;
      void run.close();
    });
    try {
      for await (const frame of run.frames(stop)) {
        if (why !== undefined) break;
        this.#lastFrameMs = this.#clock.nowMs();
        yield this.#conditioner.push(frame, { isMonitor: isMonitor(run.device) });
      }
    } catch (error) {
      if (!(error instanceof GemliveError) || error.code !== 'recorder_lost') throw error;
      why ??= error.why ?? error.message;
    } finally {
      unwatch();
    }
    return why;
  }

  #watch(run: RecorderRun, lost: (why: string) => void): () => void {
    let [seen, silent] = [run.received, 0];
    let cancel = (): void => {};
    const look = (): void => {
      silent = run.received === seen ? silent + 1 : 0;
      seen = run.received;
      if (silent > 0 && run.suspended) lost(SUSPENDED);
      else if (silent === SILENT_WATCHES) {
        const seconds = (SILENT_WATCHES * WATCH_MS) / 1000;
        lost(`${this.#parts.recorder}: it lives, but no sound has come for ${seconds} s`);
      } else cancel = this.#clock.after(WATCH_MS, look);
    };
    cancel = this.#clock.after(WATCH_MS, look);
    run.onMoved((device) => void this.#moved(run, device, lost));
    // Before anybody listened.
    if (run.device !== undefined && run.device !== this.#openedOn)
      void this.#moved(run, run.device, lost);
    return () => {
      cancel();
      run.onMoved(() => {});
    };
  }

  /** The default has changed, or the server had nowhere else to go. */
  async #moved(run: RecorderRun, device: string, lost: (why: string) => void): Promise<void> {
    this.#conditioner.reset();
    const isLoudspeaker = await this.#isOwnLoudspeaker(device);
    // It has been moved on meanwhile: that is asked for itself.
    if (run !== this.#run || run.device !== device) return;
    if (isLoudspeaker) lost(`${LOUDSPEAKER_INSTEAD} (${device})`);
    else this.#onDevice({ state: 'back', label: this.#labelNow() });
  }

  /** Never rejects; waits before it tries, unless the one before had been well. */
  async #find(why: string, stop: AbortSignal): Promise<RecorderRun | GemliveError> {
    const { recorder, reopen } = this.#parts;
    const search = this.#search;
    let lostMs = this.#clock.nowMs();
    const livedMs = lostMs - this.#openedMs;
    const countsMs = LIFE_COUNTS * Math.max(0, livedMs - ALIVE_MS);
    search.spentMs = Math.max(0, search.spentMs - countsMs);
    if (livedMs >= ALIVE_MS) search.waitMs = 0;
    const spentMs = (): number => search.spentMs + this.#clock.nowMs() - lostMs;
    let failure = why;
    for (;;) {
      await sleep(search.waitMs, stop, this.#clock);
      search.waitMs = Math.min(MAX_WAIT_MS, search.waitMs * 2 || FIRST_WAIT_MS);
      if (stop.aborted || spentMs() >= SEARCH_MS) break;
      try {
        const run = await reopen(stop);
        if (run.device === undefined || !(await this.#isOwnLoudspeaker(run.device))) {
          search.spentMs = spentMs();
          return run;
        }
        await run.close();
        failure = `${recorder}: ${LOUDSPEAKER_INSTEAD} (${run.device})`;
      } catch (error) {
        if (stop.aborted) break;
        if (!(error instanceof OpenFailure)) return lostError(why, String(error));
        failure = error.message;
        // Only one that is not there has to be found in time.
        if (error.isSuspended) [search.spentMs, lostMs] = [0, this.#clock.nowMs()];
      }
    }
    return lostError(why, failure);
  }

  /** Zeros at the pace of the clock, from the last frame on. Undefined: called off. */
  async *#silenceUntil(
    finding: Promise<RecorderRun | GemliveError>,
    stop: AbortSignal,
  ): AsyncGenerator<Uint8Array, RecorderRun | undefined> {
    const found = new AbortController();
    const result = finding.finally(() => found.abort());
    const over = AbortSignal.any([stop, found.signal]);
    let dueMs = this.#lastFrameMs + FRAME_MS;
    while (!over.aborted) {
      const waitMs = dueMs - this.#clock.nowMs();
      if (waitMs > 0) {
        await sleep(waitMs, over, this.#clock);
        continue;
      }
      if (waitMs < -MAX_BEHIND_MS) dueMs = this.#clock.nowMs();
      this.#lastFrameMs = dueMs;
      dueMs += FRAME_MS;
      yield new Uint8Array(bytesOfMs(INPUT_FORMAT, FRAME_MS));
    }
    if (stop.aborted) return undefined;
    const run = await result;
    if (run instanceof GemliveError) throw run;
    return run;
  }

  #use(run: RecorderRun): void {
    this.#run = run;
    this.#openedOn = run.device;
    this.#finding = undefined;
    this.#openedMs = this.#clock.nowMs();
    this.#conditioner.reset();
    this.#onDevice({ state: 'back', label: this.#labelNow() });
  }

  /** It may have been the loudspeaker from the start: then it is what the user has, and is told. */
  async #lookAtFirst(): Promise<void> {
    const { device } = this.#run;
    if (device === undefined || !(await this.#isOwnLoudspeaker(device))) return;
    this.#ownLoudspeaker = device;
    await this.#warnOf('loudspeaker');
  }

  async #isOwnLoudspeaker(device: string): Promise<boolean> {
    if (!isMonitor(device) || device === this.#ownLoudspeaker) return false;
    return this.#parts.isLoudspeaker(device);
  }

  #labelNow(): string {
    const { device, label } = this.#run;
    return device === undefined ? label : `${this.#parts.recorder} (${device})`;
  }

  async #warnOf(fault: MicFault | 'loudspeaker'): Promise<void> {
    const { recorder, look } = this.#parts;
    const { device } = this.#run;
    const isOfServer = fault === 'silent' || fault === 'loudspeaker';
    const seen = isOfServer ? await look?.(device) : undefined;
    const warning = micWarning(fault, recorder, device, seen);
    if (this.#onWarning) this.#onWarning(warning);
    else this.#warnings.push(warning);
  }
}

const SUSPENDED = 'the sound server has suspended it';
const LOUDSPEAKER_INSTEAD = 'the sound server gives what the loudspeaker plays instead';

/** Of a sink: what a program plays, by PulseAudio's name for it. */
const isMonitor = (device: string | undefined): boolean => device?.endsWith('.monitor') ?? false;

function lostError(why: string, failure: string): GemliveError {
  const since = failure === why ? '' : `; not found again in ${SEARCH_MS / 1000} s (${failure})`;
  return new GemliveError('the microphone is lost', {
    code: 'recorder_lost',
    exitCode: EXIT.audio,
    why: `${why}${since}`,
    hint: 'connect the device again, or see that the sound server runs, and start anew',
  });
}
