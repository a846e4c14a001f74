/**
 * A day of talk in process: a clock and a network of our own, on which everything that can happen to a connection does,
 * at random. Every frame of the user's can be told apart, so that it is known of each utterance whether it was
 * answered, whole, and how often.
 */
import { LiveSession } from '../../src/live/session.ts';
import type { Link } from '../../src/live/keeping.ts';
import type { Clock } from '../../src/live/timers.ts';
import { closeError, type ConnectionError } from '../../src/live/networkErrors.ts';
import type { ClientMessage, ServerMessage, Setup } from '../../src/protocol/messages.ts';
import { profileOf } from '../../src/protocol/models.ts';

const FRAME_MS = 20;
const SERVER_SILENCE_MS = 800;
const DETECTOR_SILENCE_MS = 500;
const CHUNK_MS = 240;

export type Day = {
  utterances: number;
  /** Answered once, every frame of it once and in order. */
  well: number;
  /** Told as dropped: two servers closed when they had it. */
  dropped: number;
  /** By number: what was wrong with the others. */
  wrong: string[];
  happened: Record<string, number>;
  /** Reply sound that came twice, or out of order. */
  replyFaults: number;
  gapsMs: number[];
  warnings: Record<string, number>;
  heapMiB: number[];
  ended: string | undefined;
};

/** Numbers from a seed: a linear congruential generator, good enough to be random and easy to repeat. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

class World implements Clock {
  #now = 0;
  #order = 0;
  readonly #events: { atMs: number; order: number; work: (() => void) | undefined }[] = [];

  nowMs(): number {
    return this.#now;
  }

  after(delayMs: number, work: () => void): () => void {
    const event: { atMs: number; order: number; work: (() => void) | undefined } = {
      atMs: this.#now + Math.max(0, delayMs),
      order: (this.#order += 1),
      work,
    };
    let low = 0;
    let high = this.#events.length;
    // Soonest last.
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#events[middle]!;
      if (other.atMs > event.atMs || (other.atMs === event.atMs && other.order > event.order))
        low = middle + 1;
      else high = middle;
    }
    this.#events.splice(low, 0, event);
    return () => (event.work = undefined);
  }

  get waiting(): number {
    return this.#events.filter(({ work }) => work).length;
  }

  async runUntil(endMs: number): Promise<void> {
    for (;;) {
      const next = this.#events.at(-1);
      if (!next || next.atMs > endMs) return;
      this.#events.pop();
      this.#now = next.atMs;
      next.work?.();
      // Whatever was awaited goes on before time does.
      for (let i = 0; i < 12; i += 1) await Promise.resolve();
    }
  }
}

type Handlers = Parameters<typeof import('../../src/live/connection.ts').Connection.open>[2];

export async function liveADay({ hours, seed }: { hours: number; seed: number }): Promise<Day> {
  const world = new World();
  const random = randomFrom(seed);
  const between = (low: number, high: number): number => low + random() * (high - low);
  const day: Day = {
    utterances: 0,
    well: 0,
    dropped: 0,
    wrong: [],
    happened: {},
    replyFaults: 0,
    gapsMs: [],
    warnings: {},
    heapMiB: [],
    ended: undefined,
  };
  const count = (what: string): void => {
    day.happened[what] = (day.happened[what] ?? 0) + 1;
  };
  /** By utterance: of each time it was answered, whether it was whole. */
  const answers = new Map<number, boolean[]>();
  const lengths = new Map<number, number>();
  const dropped = new Set<number>();
  const handles = new Set<string>();
  let chunkCount = 0;
  let lastChunk = 0;

  const open = async (
    _endpoint: unknown,
    setup: () => Setup | Promise<Setup>,
    handlers: Handlers,
    { signal }: { signal: AbortSignal },
  ): Promise<Link> => {
    await new Promise<void>((resolve) => world.after(between(20, 300), resolve));
    signal.throwIfAborted();
    if (random() < 0.1) {
      count('refused');
      throw closeError(1006, '');
    }
    const asked = await setup();
    signal.throwIfAborted();
    const { handle } = asked.sessionResumption ?? {};
    if (handle !== undefined && (!handles.has(handle) || random() < 0.05)) {
      count('stale handle');
      throw closeError(1008, 'BidiGenerateContent session expired');
    }
    const server = new Connection(handlers);
    world.after(0, () => server.say({ setupComplete: {} }));
    return server;
  };

  /** The server's side of one connection. */
  class Connection implements Link {
    readonly bufferedBytes = 0;
    readonly #handlers: Handlers;
    #state: 'open' | 'frozen' | 'closed' = 'open';
    #heard: { id: number; frames: number[] } | undefined;
    #cancelEnd: () => void = () => {};
    #cancelAnswer: (() => void)[] = [];

    constructor(handlers: Handlers) {
      this.#handlers = handlers;
      const lifeMs = random() < 0.5 ? between(2_000, 60_000) : between(60_000, 900_000);
      const what = random();
      world.after(lifeMs, () => {
        if (this.#state !== 'open') return;
        if (what < 0.3) this.#goAway();
        else if (what < 0.6) this.#cut('drop', closeError(1006, ''));
        else if (what < 0.75) this.#freeze();
        else if (what < 0.95) this.#cut('1011', closeError(1011, 'Internal error encountered.'));
        else this.#cut('aborted', closeError(1008, 'The operation was aborted.'));
      });
      world.after(600_000, () =>
        this.#cut('ten minutes', closeError(1008, 'The operation was aborted.')),
      );
    }

    say(message: ServerMessage): void {
      if (this.#state === 'open') this.#handlers.onMessage(message);
    }

    #goAway(): void {
      count('goAway');
      this.say({ goAway: { timeLeft: '30s' } });
      world.after(30_000, () =>
        this.#cut('not gone', closeError(1008, 'The operation was aborted.')),
      );
    }

    #freeze(): void {
      count('half-open');
      this.#state = 'frozen';
      this.#stop();
      // The keepalive of a real connection.
      world.after(90_000, () => {
        if (this.#state !== 'frozen') return;
        this.#state = 'closed';
        this.#handlers.onClosed(closeError(1006, ''));
      });
    }

    #cut(what: string, error: ConnectionError): void {
      if (this.#state !== 'open') return;
      count(what);
      this.#state = 'closed';
      this.#stop();
      this.#handlers.onClosed(error);
    }

    #stop(): void {
      this.#cancelEnd();
      for (const cancel of this.#cancelAnswer.splice(0)) cancel();
    }

    send(message: ClientMessage): boolean {
      if (this.#state === 'closed') return false;
      if (this.#state === 'frozen' || !('realtimeInput' in message)) return true;
      const { realtimeInput: input } = message;
      if (!('audio' in input)) return true;
      const frame = Buffer.from(input.audio.data, 'base64');
      const id = frame.readUInt32LE(0);
      if (id === 0) return true;
      if (this.#heard?.id !== id) {
        // Somebody speaks on: what was said before is answered with it.
        this.#answerNow();
        this.#heard = { id, frames: [] };
      }
      this.#heard.frames.push(frame.readUInt32LE(4));
      this.#cancelEnd();
      this.#cancelEnd = world.after(SERVER_SILENCE_MS, () => this.#answerNow());
      return true;
    }

    #answerNow(): void {
      this.#cancelEnd();
      const heard = this.#heard;
      if (!heard) return;
      this.#heard = undefined;
      const length = lengths.get(heard.id) ?? 0;
      const whole = heard.frames.length === length && heard.frames.every((frame, i) => frame === i);
      const thinkMs = between(100, 900);
      const chunks = Math.ceil(between(2, 12));
      const begin = (): void => {
        answers.set(heard.id, [...(answers.get(heard.id) ?? []), whole]);
        if (!whole) day.wrong.push(`${heard.id}: heard ${heard.frames.length} of ${length}`);
      };
      for (let i = 0; i < chunks; i += 1) {
        this.#later(thinkMs + i * 70, () => {
          if (i === 0) begin();
          chunkCount += 1;
          const pcm = Buffer.alloc(CHUNK_MS * 48);
          pcm.writeUInt32LE(chunkCount, 0);
          const inlineData = { mimeType: 'audio/pcm;rate=24000', data: pcm.toString('base64') };
          this.say({ serverContent: { modelTurn: { parts: [{ inlineData }] } } });
        });
      }
      this.#later(thinkMs + chunks * 70, () =>
        this.say({ serverContent: { generationComplete: true } }),
      );
      this.#later(thinkMs + chunks * CHUNK_MS, () => {
        this.say({ serverContent: { turnComplete: true } });
        const newHandle = `h-${heard.id}-${chunkCount}`;
        handles.add(newHandle);
        this.say({ sessionResumptionUpdate: { newHandle, resumable: true } });
      });
    }

    #later(ms: number, work: () => void): void {
      this.#cancelAnswer.push(world.after(ms, work));
    }

    isAlive(timeoutMs: number): Promise<boolean> {
      return new Promise((resolve) =>
        world.after(this.#state === 'frozen' ? timeoutMs : 30, () =>
          resolve(this.#state !== 'frozen'),
        ),
      );
    }

    async close(): Promise<void> {
      this.#state = 'closed';
      this.#stop();
    }
  }

  const session = new LiveSession({
    endpoint: { url: 'ws://nowhere', headers: {} },
    setup: { model: 'models/gemini-3.8-live', sessionResumption: {} },
    profile: profileOf('gemini-3.8-live'),
    timeoutMs: 15_000,
    resumes: true,
    watches: true,
    random,
    clock: world,
    open,
  });
  session.on((event) => {
    if (event.type === 'warning') {
      day.warnings[event.warning.code] = (day.warnings[event.warning.code] ?? 0) + 1;
      if (event.warning.code === 'utterance_dropped') dropped.add(day.utterances);
    } else if (event.type === 'ended' && event.error) day.ended = event.error.message;
    else if (event.type === 'state' && event.gapMs !== undefined) day.gapsMs.push(event.gapMs);
    else if (event.type === 'live') {
      for (const one of event.events) {
        if (one.type !== 'audio') continue;
        const number = Buffer.from(one.pcm).readUInt32LE(0);
        if (number <= lastChunk) day.replyFaults += 1;
        lastChunk = number;
      }
    }
  });
  const endMs = hours * 3_600_000;
  const started = session.start();
  await world.runUntil(2_000);
  await started;

  /** The microphone: an utterance, silence until the detector is sure, then nothing worth simulating. */
  const utter = (): void => {
    day.utterances += 1;
    const id = day.utterances;
    const frames = Math.round(between(400, 6000) / FRAME_MS);
    lengths.set(id, frames);
    const quiet = (DETECTOR_SILENCE_MS + 1500) / FRAME_MS;
    const step = (i: number): void => {
      const frame = new Uint8Array(640);
      if (i < frames) {
        const view = new DataView(frame.buffer);
        view.setUint32(0, id, true);
        view.setUint32(4, i, true);
      }
      session.sendAudio(frame);
      if (i === 4) session.utteranceBegan(5 * FRAME_MS);
      if (i === frames + DETECTOR_SILENCE_MS / FRAME_MS - 1)
        session.utteranceEnded(DETECTOR_SILENCE_MS);
      if (i < frames + quiet) world.after(FRAME_MS, () => step(i + 1));
      else waitForAnswer(id, world.nowMs() + 60_000);
    };
    step(0);
  };
  /** Nobody talks on for a minute to somebody who does not answer. */
  const waitForAnswer = (id: number, untilMs: number): void => {
    if (!answers.has(id) && world.nowMs() < untilMs) {
      // The microphone goes on meanwhile.
      for (let ms = 0; ms < 500; ms += FRAME_MS) session.sendAudio(new Uint8Array(640));
      world.after(500, () => waitForAnswer(id, untilMs));
    } else if (world.nowMs() < endMs) world.after(between(0, 30_000), utter);
  };
  utter();
  for (let atMs = 600_000; atMs <= endMs; atMs += 3_600_000) {
    await world.runUntil(atMs);
    globalThis.gc?.();
    day.heapMiB.push(Math.round(process.memoryUsage().heapUsed / 2 ** 20));
  }
  await world.runUntil(endMs + 300_000);
  for (let id = 1; id <= day.utterances; id += 1) {
    const times = answers.get(id) ?? [];
    if (times.length === 1 && times[0] === true) day.well += 1;
    else if (times.length === 0 && dropped.has(id)) day.dropped += 1;
    else if (times.length !== 1) day.wrong.push(`${id}: answered ${times.length} times`);
  }
  await session.close();
  return day;
}
