/** One connection that a script answers: its steps in order, and what the client did otherwise. */
import { setImmediate } from 'node:timers/promises';
import { msOfBytes, OUTPUT_FORMAT } from '../../audio/format.ts';
import { encodeServerMessage } from '../../protocol/codec.ts';
import type { ServerMessage, Setup } from '../../protocol/messages.ts';
import type { Admission } from '../admission.ts';
import type { Voice } from '../engines/engine.ts';
import { Refusal } from '../refusal.ts';
import { inWords as msInWords, msOf } from './duration.ts';
import {
  expectedInWords,
  inWords,
  isOfKind,
  mismatch,
  readFrame,
  type ClientFrame,
} from './frames.ts';
import { Inbox } from './inbox.ts';
import { allSteps, type LoadedSession, type LoadedStep, type Place } from './loaded.ts';
import { readIncoming } from './incoming.ts';
import { chunksOf, soundMessage, spoken } from './saying.ts';
import type { Step } from './script.ts';
import type { Wire } from './wire.ts';

export type PlayerOptions = {
  wire: Wire;
  session: LoadedSession;
  admission: Admission;
  voice: Promise<Voice>;
  onReady: (model: string) => void;
  onFault: (message: string, place?: Place) => void;
};

const MAX_BUFFERED_BYTES = 64 * 1024 * 1024;

/** The script cannot go on. `missed`: the steps that wait for the client in vain. */
class Over extends Error {
  readonly missed: LoadedStep[] = [];
  /** It ended before the first step of this list. */
  before: readonly LoadedStep[] | undefined;
  /** Why, where that has been told already. */
  told: string | undefined;
}

type ExpectStep = Extract<Step, { expect: unknown }>;

export class Player {
  readonly #options: PlayerOptions;
  readonly #inbox = new Inbox();
  readonly #abort = new AbortController();
  #setup: Setup | undefined;
  #isEnding = false;
  #missed: LoadedStep[] = [];
  /** It has played all it can. */
  readonly done: Promise<void>;

  constructor(options: PlayerOptions) {
    this.#options = options;
    const { wire, onFault } = options;
    wire.on('message', (data: Buffer) => this.#wireOnMessage(data));
    wire.on('error', (error: Error) => onFault(`protocol violation: ${error.message}`));
    wire.on('close', (code: number, reason: Buffer) => {
      this.#inbox.close(code, reason.toString('utf8'));
      this.#abort.abort(new Error('the client has gone'));
    });
    this.done = this.#run().catch((error: unknown) => {
      onFault(`internal: ${String(error)}`);
      wire.close(1011, 'Internal error encountered.');
    });
  }

  /** Steps that waited for the client in vain. Complete once it is done. */
  get missed(): readonly LoadedStep[] {
    return this.#missed;
  }

  /** The server ends: nothing more is the client's fault. Idempotent. */
  close(code: number, reason: string): void {
    this.#isEnding = true;
    this.#options.wire.close(code, reason);
  }

  #wireOnMessage(data: Buffer): void {
    if (this.#isEnding) return;
    const { session, admission, onFault } = this.#options;
    try {
      const message = readIncoming(data, session.loose);
      if (!message) return;
      if ('setup' in message) {
        this.#setup = admission.admit(message['setup'] as Setup);
      }
      if (this.#inbox.push(readFrame(message))) return;
      throw new Refusal(1008, 'more frames than a script leaves unread');
    } catch (error) {
      if (!(error instanceof Refusal)) onFault(`internal: ${String(error)}`);
      const refusal =
        error instanceof Refusal ? error : new Refusal(1011, 'Internal error encountered.');
      onFault(`closed with ${refusal.closeCode}: ${refusal.message}`);
      this.close(refusal.closeCode, refusal.message);
    }
  }

  async #run(): Promise<void> {
    const { session, wire } = this.#options;
    try {
      await this.#playAll(session.steps ?? []);
    } catch (error) {
      if (!(error instanceof Over)) throw error;
      if (this.#isEnding || wire.isBroken) return;
      this.#missed = error.missed;
      const [first] = error.missed;
      const why = error.told ?? (first && this.#tell(first)) ?? 'it is over';
      this.close(1011, `The script: ${why}`);
      return;
    }
    await this.#lookAtTheRest();
  }

  /** Why the first step that is missed was not met. */
  #tell(missed: LoadedStep): string | undefined {
    if (!('expect' in missed.step)) return undefined;
    const { closed } = this.#inbox;
    const why = closed
      ? `but the client left (${closed.code})`
      : `but it did not come within ${msInWords(this.#within(missed.step))}`;
    return this.#tellExpected(missed, why);
  }

  #tellExpected(loaded: LoadedStep, why: string): string {
    const expected = 'expect' in loaded.step ? expectedInWords(loaded.step.expect) : '';
    const words = `expected ${expected}, ${why}`;
    this.#options.onFault(words, loaded);
    return `${loaded.where}: ${words}`;
  }

  /** After the last step nothing is expected; the connection stays until the client leaves. */
  async #lookAtTheRest(): Promise<void> {
    const { session, onFault } = this.#options;
    while (!this.#isEnding) {
      const frame = this.#inbox.take();
      if (!frame) {
        if (this.#inbox.closed) return;
        await this.#inbox.wait(performance.now() + 3_600_000);
      } else if (frame.kind !== 'audio' && !session.loose) {
        onFault(`unexpected ${inWords(frame)} after the last step`);
      }
    }
  }

  async #playAll(steps: readonly LoadedStep[]): Promise<void> {
    for (const [index, loaded] of steps.entries()) {
      try {
        await this.#play(loaded);
      } catch (error) {
        if (!(error instanceof Over)) throw error;
        if (index === 0) error.before ??= steps;
        const isLoop = 'repeat' in loaded.step;
        // What stands behind a loop without end is never reached.
        const endless = isLoop && 'repeat' in loaded.step && loaded.step.repeat === 'forever';
        const rest = steps.slice(isLoop ? index + 1 : index);
        const missed = endless ? [] : [...allSteps(rest)];
        error.missed.push(...missed.filter(({ step }) => 'expect' in step));
        throw error;
      }
    }
  }

  async #play(loaded: LoadedStep): Promise<void> {
    const { step } = loaded;
    if ('expect' in step) await this.#expect(step, loaded);
    else if ('send' in step) {
      this.#send(typeof step.send === 'string' ? named(step.send) : step.send);
    } else if ('say' in step) await this.#say(step.say);
    else if ('reply' in step) {
      await this.#say(step.reply);
      this.#send({ serverContent: { generationComplete: true } });
      this.#send({ serverContent: { turnComplete: true } });
    } else if ('audio' in step) await this.#sound(loaded.sound ?? new Uint8Array(0), step.speed);
    else if ('text' in step) {
      this.#send({ serverContent: { modelTurn: { parts: [{ text: step.text }] } } });
    } else if ('heard' in step) {
      this.#send({ serverContent: { inputTranscription: { text: step.heard } } });
    } else if ('call' in step) {
      const { name, args = {}, id = 'function-call-1' } = step.call;
      this.#send({ toolCall: { functionCalls: [{ id, name, args }] } });
    } else if ('wait' in step) await this.#inbox.pause(msOf(step.wait, 0));
    else if ('repeat' in step) await this.#repeat(step.repeat, loaded.steps);
    else if ('fault' in step) this.#options.wire.inflict(step);
    else {
      const { code, reason = '' } =
        typeof step.close === 'number' ? { code: step.close } : step.close;
      this.#options.wire.close(code, reason);
    }
  }

  async #repeat(times: number | 'forever', steps: readonly LoadedStep[]): Promise<void> {
    const count = times === 'forever' ? Infinity : times;
    for (let round = 0; round < count; round += 1) {
      await setImmediate(); // others want to live beside a loop that only sends
      if (this.#inbox.closed && this.#inbox.isEmpty && times === 'forever') throw new Over();
      try {
        await this.#playAll(steps);
      } catch (error) {
        // A loop without end may be left before each of its rounds.
        const isLeft = error instanceof Over && error.before === steps && this.#inbox.closed;
        if (isLeft && times === 'forever') error.missed.length = 0;
        throw error;
      }
    }
  }

  #within = (step: ExpectStep): number => msOf(step.within, this.#options.session.withinMs);

  async #expect(step: ExpectStep, loaded: LoadedStep): Promise<void> {
    const { expect } = step;
    const untilMs = performance.now() + this.#within(step);
    let missingMs = msOf(step.ms, 0);
    for (;;) {
      const frame = this.#inbox.take();
      if (frame) {
        const wrong = mismatch(frame, expect);
        if (wrong === undefined) {
          missingMs -= frame.audioMs;
          if (missingMs > 0 && frame.kind === 'audio') continue;
          this.#met(frame, -missingMs, step);
          return;
        }
        if (frame.kind === 'audio' || this.#options.session.loose) continue;
        const told = this.#tellExpected(loaded, wrong);
        if (isOfKind(frame, expect)) throw Object.assign(new Over(), { told });
        continue; // something that should not be there: what is expected may still come
      }
      const { closed } = this.#inbox;
      if (closed && isClose(expect, closed.code)) return;
      if (closed || performance.now() >= untilMs) throw new Over();
      await this.#inbox.wait(untilMs);
    }
  }

  #met(frame: ClientFrame, surplusMs: number, step: ExpectStep): void {
    // Sound beyond what was asked for counts for the next step that wants sound.
    if (frame.kind === 'audio' && step.ms !== undefined && surplusMs > 0) {
      this.#inbox.giveBack({ ...frame, audioMs: surplusMs });
    }
    if (frame.kind === 'setup') {
      const model = this.#setup?.model ?? '';
      this.#options.onReady(model.split('/').at(-1) ?? model);
    }
  }

  async #say(text: string): Promise<void> {
    const voice = await this.#options.voice;
    const messages = await spoken(text, this.#setup, voice, this.#abort.signal);
    for (const message of messages) this.#send(message);
  }

  async #sound(pcm: Uint8Array, speed: number | undefined): Promise<void> {
    const startMs = performance.now();
    let sentMs = 0;
    for (const chunk of chunksOf(pcm)) {
      if (this.#inbox.closed) return;
      this.#send(soundMessage(chunk));
      sentMs += msOfBytes(OUTPUT_FORMAT, chunk.byteLength);
      if (speed === undefined) continue;
      await this.#inbox.pause(startMs + sentMs / speed - performance.now());
    }
  }

  #send(message: object): void {
    const { wire, onFault } = this.#options;
    if (this.#inbox.closed || this.#isEnding) return;
    if (wire.bufferedAmount > MAX_BUFFERED_BYTES) {
      onFault('the client does not read');
      this.#isEnding = true;
      wire.terminate();
      return;
    }
    wire.send(encodeServerMessage(message));
  }
}

function named(name: Extract<Extract<Step, { send: unknown }>['send'], string>): ServerMessage {
  return name === 'setupComplete' ? { setupComplete: {} } : { serverContent: { [name]: true } };
}

function isClose(expected: ExpectStep['expect'], code: number): boolean {
  if (expected === 'close') return true;
  return typeof expected === 'object' && 'close' in expected && expected.close === code;
}
