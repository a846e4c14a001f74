/** The user's side of a session: what is given to it is written down. */
import type { LiveSession } from '../../../src/live/session.ts';
import type { Content } from '../../../src/protocol/messages.ts';
import { profileOf } from '../../../src/protocol/models.ts';
import { ensure } from '../../fuzz/target.ts';
import { FRAME_MS, type Ledger } from './ledger.ts';
import type { Call } from './server.ts';
import type { Step, Way } from './steps.ts';

export class FakeUser {
  started = false;
  startFailed = false;
  readonly #way: Way;
  readonly #session: LiveSession;
  readonly #ledger: Ledger;
  readonly #abort = new AbortController();
  readonly #promises: { name: string; settled: boolean }[] = [];

  constructor(way: Way, session: LiveSession, ledger: Ledger) {
    this.#way = way;
    this.#session = session;
    this.#ledger = ledger;
  }

  /** `lives`: what is given after the end is given to nobody. */
  do(step: Exclude<Step, { socket: number }>, lives: boolean, calls: readonly Call[]): void {
    const session = this.#session;
    const { textPath, audioStreamEnd } = profileOf(this.#way.model);
    const give = (...item: Parameters<Ledger['give']>): number =>
      lives ? this.#ledger.give(...item) : 0;
    switch (step.do) {
      case 'start':
        return this.start(step.abort);
      case 'abort':
        return this.#abort.abort(new Error('enough'));
      case 'sound':
        for (let i = 0; i < step.frames; i += 1) {
          const frame = Buffer.alloc(FRAME_MS * 32);
          frame.writeUInt32LE(give('sound', FRAME_MS));
          session.sendAudio(frame);
        }
        return;
      case 'speak':
      case 'fall silent':
        return this.#speak(step, give);
      case 'write': {
        const before: Content[] = [{ role: 'model', parts: [{ text: 'once' }] }];
        const takesHistory = textPath.value === 'clientContent';
        session.sendText(`t${give('text')}`, step.history && takesHistory ? before : []);
        return;
      }
      case 'return':
        return this.#return(calls.filter(({ told }) => told).at(-1 - step.call), step.goesOn);
      case 'microphone stops':
        // Not beside markers: the protocol forbids it.
        if (this.#way.marks) return;
        if (audioStreamEnd.value) give('audioStreamEnd');
        return session.sendAudioStreamEnd();
      case 'wait for room':
        return this.#track('audioDrained()', session.audioDrained());
      case 'listen': {
        const stop = session.on(() => stop());
        return;
      }
      case 'end':
        return this.end();
      default:
    }
  }

  #speak(
    step: Extract<Step, { agoMs: number }>,
    give: (kind: 'activityStart' | 'activityEnd') => number,
  ): void {
    const begins = step.do === 'speak';
    const { marks } = this.#way;
    const agoMs = marks ? 0 : Math.min(step.agoMs, this.#ledger.quietMs);
    if (begins === this.#ledger.isSpeaking) return;
    if (begins) {
      this.#ledger.began(agoMs, marks);
      if (!marks) return this.#session.utteranceBegan(agoMs);
      give('activityStart');
      return this.#session.sendActivity('start');
    }
    if (marks) {
      give('activityEnd');
      this.#session.sendActivity('end');
    } else this.#session.utteranceEnded(agoMs);
    this.#ledger.ended(agoMs, marks);
  }

  #return(one: Call | undefined, goesOn: boolean): void {
    if (!one) return;
    if (one.live) one.owed += 1;
    if (!goesOn) one.live = false;
    const result = { call: one.call, response: { output: 'x' } };
    this.#session.sendToolResults([{ ...result, ...(goesOn && { willContinue: true }) }]);
  }

  start(abort: 'never' | 'before' | 'later'): void {
    if (abort === 'before') this.#abort.abort(new Error('enough'));
    const starting = this.#session.start(abort === 'never' ? undefined : this.#abort.signal);
    if (this.started) return;
    this.started = true;
    this.#track(
      'start()',
      starting.catch((error: unknown) => {
        ensure(error instanceof Error, 'start() failed without an error');
        this.startFailed = true;
      }),
    );
  }

  end(): void {
    this.#track('close()', this.#session.close());
  }

  #track(name: string, promise: Promise<unknown>): void {
    const one = { name, settled: false };
    this.#promises.push(one);
    void promise.then(() => (one.settled = true));
  }

  checkSettled(): void {
    for (const { name, settled } of this.#promises) ensure(settled, `${name} has not settled`);
  }
}
