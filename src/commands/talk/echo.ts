/** What is done about the loudspeaker in the microphone, and how well: for the help panel, `--json` and a warning. */
import { EchoFreeSource } from '../../audio/echo/echoFree.ts';
import type { EchoStatistics } from '../../audio/echo/statistics.ts';
import type { AudioSink } from '../../audio/ports.ts';
import type { RecorderSource } from '../../audio/sources/recorder.ts';
import { echoDumpFolder } from '../../config/layers.ts';
import type { Settings } from '../../config/settings.ts';
import type { ConversationEvent } from '../../events.ts';
import { keepEcho, type EchoState } from '../echoState.ts';

/** What is left of the echo counts when it is louder than that, dBFS: a detector hears a voice in it. */
const LEFT_DBFS = -50;
/** It is judged after so many reports in a row, half a second each, that measured an echo and found it too loud. */
const BAD_REPORTS = 8;

export type EchoMode = 'aec' | 'gate' | 'off';

/** `off` where there is nothing to hear or nobody to hear it. */
export function echoModeOf(settings: Settings): EchoMode {
  if (settings.headphones || !settings.speaker || !settings.mic || settings.text) return 'off';
  return settings.echo === 'auto' ? 'aec' : settings.echo;
}

export async function withoutEcho(
  source: RecorderSource,
  sink: AudioSink,
  mode: EchoMode,
): Promise<RecorderSource> {
  return mode === 'off' ? source : EchoFreeSource.open(source, sink, mode, echoDumpFolder());
}

/** `-21 dBFS, 42 dB softer, 20 ms late` */
export function echoWords({
  echoDbfs,
  returnLossDb,
  delayMs,
}: Pick<EchoState, 'echoDbfs' | 'returnLossDb' | 'delayMs'>): string {
  const late = delayMs === undefined ? '' : `, ${Math.round(delayMs)} ms late`;
  return `${Math.round(echoDbfs)} dBFS, ${Math.round(returnLossDb)} dB softer${late}`;
}

export class EchoReport {
  readonly #mode: EchoMode;
  readonly #tell: (event: ConversationEvent) => void;
  #latest: EchoStatistics | undefined;
  #isNew = false;
  #bad = 0;
  #hasWarned = false;

  constructor(source: RecorderSource, mode: EchoMode, tell: (event: ConversationEvent) => void) {
    this.#mode = mode;
    this.#tell = tell;
    tell({ type: 'echo', mode });
    if (source instanceof EchoFreeSource) source.onStatistics((latest) => this.#take(latest));
  }

  /** One line of the help panel. */
  get line(): string {
    return `echo         ${this.#words()}`;
  }

  /** An answer is over: how well it was kept out of the microphone. */
  turnEnded(): void {
    const { returnLossDb, echoDbfs, delayMs, near } = this.#latest ?? {};
    if (!this.#isNew || returnLossDb === undefined || echoDbfs === undefined) return;
    this.#isNew = false;
    this.#tell({
      type: 'echo',
      mode: this.#mode,
      returnLossDb: Math.round(returnLossDb),
      echoDbfs: Math.round(echoDbfs),
      nearSpeech: Math.round(100 * near!) / 100,
      ...(delayMs !== undefined && { delayMs: Math.round(delayMs) }),
    });
  }

  /** For who asks for the devices next time. */
  async keep(microphone: string, loudspeaker: string): Promise<void> {
    const { returnLossDb, echoDbfs, delayMs } = this.#latest ?? {};
    if (returnLossDb === undefined || echoDbfs === undefined) return;
    await keepEcho({
      atMs: Date.now(),
      microphone,
      loudspeaker,
      echoDbfs: Math.round(echoDbfs),
      returnLossDb: Math.round(returnLossDb),
      ...(delayMs !== undefined && { delayMs: Math.round(delayMs) }),
    });
  }

  #words(): string {
    if (this.#mode === 'off') return 'not cancelled (--headphones or --echo off)';
    if (this.#mode === 'gate') return 'half-duplex: speak louder than the loudspeaker to interrupt';
    const { returnLossDb, echoDbfs, delayMs, near } = this.#latest ?? {};
    if (returnLossDb === undefined || echoDbfs === undefined)
      return 'cancelled; nothing was heard of it yet';
    const you = (near ?? 0) > 0.5 ? ', you speak' : '';
    return `cancelled: ${echoWords({ echoDbfs, returnLossDb, ...(delayMs !== undefined && { delayMs }) })}${you}`;
  }

  #take(latest: EchoStatistics): void {
    const isMeasured = latest.measuredMs > (this.#latest?.measuredMs ?? 0);
    this.#latest = latest;
    // Between answers, while the user speaks and on headphones the figures contain nothing new.
    if (!isMeasured) return;
    this.#isNew = true;
    const { returnLossDb = 0, echoDbfs = Number.NEGATIVE_INFINITY } = latest;
    this.#bad = echoDbfs - returnLossDb > LEFT_DBFS ? this.#bad + 1 : 0;
    if (this.#bad < BAD_REPORTS || this.#hasWarned) return;
    this.#hasWarned = true;
    this.#tell({
      type: 'warning',
      code: 'echo_loud',
      message: `the microphone still hears the loudspeaker: of ${Math.round(echoDbfs)} dBFS only ${Math.round(returnLossDb)} dB could be taken out`,
      hint: 'turn the loudspeaker down, move the microphone away from it, use headphones (--headphones), or --echo gate; gemlive doctor measures it',
    });
  }
}
