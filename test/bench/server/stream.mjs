// Hundreds of conversations at once, in real time: every session sends a frame of sound each 40 ms, as a
// microphone does, at moments of its own.
import { setTimeout as pause } from 'node:timers/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { openSession, pingFrame, soundFrame, textFrame } from './wire.mjs';

const FRAME_MS = 40;
const FRAME_BYTES = FRAME_MS * 32;
const PROBES = 4;
const PROBE_EVERY_MS = 20;
const AT_ONCE = 50;

/**
 * What happens with the frame at `slot` of everybody's sound. `activityStart` and `activityEnd` are sent after it;
 * the others are told nothing of. `answer` and `interrupt`: from this frame on the server can know that it is its
 * turn, or that it is not.
 * @typedef {{ slot: number, sends?: 'activityStart' | 'activityEnd', awaits?: 'answer' | 'interrupt' }} Mark
 */
/**
 * @typedef {object} StreamOptions
 * @property {number} port
 * @property {number} sessions
 * @property {number} seconds how long every session sends
 * @property {number} warmUpMs what is asked before counts for nothing: compilers take their time
 * @property {number} spreadMs at random moments of this time the sessions begin their first round, after silence
 * @property {object} setup
 * @property {string} sound base64 of 16 kHz mono s16le: one round, said over and over
 * @property {Mark[]} marks in the order of their slots
 */
/**
 * @typedef {object} StreamResult
 * @property {number[]} answerMs
 * @property {number[]} interruptMs
 * @property {number} missed what was awaited and had not come when the next thing was due
 * @property {number} unasked sound or interruptions that nothing of the sort was awaited for
 * @property {number} turns whole ones: `turnComplete`
 * @property {number} messages
 * @property {number} bytes
 * @property {number} ended sessions that the server closed
 * @property {number[]} pingMs
 * @property {{ p50: number, p99: number, max: number }} loopMs delay of this process's own event loop
 * @property {{ p50: number, p99: number, max: number }} lateMs frames, after the moment they were due
 */

/** @param {Float64Array} sorted @param {number} share */
const quantile = (sorted, share) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

class Talker {
  mark = 0;
  ended = false;
  /** @type {{ kind: 'answer' | 'interrupt', atMs: number } | undefined} */
  awaited;
  answering = false;

  /**
   * @param {import('./wire.mjs').Wire} wire
   * @param {number} beginsMs its first round
   */
  constructor(wire, beginsMs) {
    this.wire = wire;
    this.phaseMs = Math.floor(beginsMs) % FRAME_MS;
    /** Of its rounds; negative in the silence before. */
    this.slot = -Math.floor(beginsMs / FRAME_MS);
  }
}

class Stream {
  /** @type {Omit<StreamResult, 'pingMs' | 'loopMs' | 'lateMs'>} */
  counts = {
    answerMs: [],
    interruptMs: [],
    missed: 0,
    unasked: 0,
    turns: 0,
    messages: 0,
    bytes: 0,
    ended: 0,
  };
  /** @type {Buffer[]} */
  #round = [];
  #markers = {
    activityStart: textFrame({ realtimeInput: { activityStart: {} } }),
    activityEnd: textFrame({ realtimeInput: { activityEnd: {} } }),
  };
  /** @type {Mark[]} */
  #marks;
  /** Moments before are not counted. */
  countsFromMs = Infinity;

  /** @param {StreamOptions} options */
  constructor({ sound, marks }) {
    const pcm = Buffer.from(sound, 'base64');
    for (let at = 0; at < pcm.length; at += FRAME_BYTES)
      this.#round.push(soundFrame(pcm.subarray(at, at + FRAME_BYTES)));
    this.#marks = marks;
  }

  /** @param {Talker} talker */
  say(talker) {
    const { wire, slot } = talker;
    const frame = this.#round[Math.max(0, slot) % this.#round.length]; // the first is silence
    let mark = this.#marks[talker.mark];
    if (mark?.slot !== slot) wire.socket.write(frame ?? '');
    else {
      wire.socket.cork();
      wire.socket.write(frame ?? '');
      for (; mark?.slot === slot; mark = this.#marks[talker.mark]) {
        talker.mark += 1;
        if (mark.sends) wire.socket.write(this.#markers[mark.sends]);
        if (!mark.awaits) continue;
        if (talker.awaited) this.counts.missed += 1;
        talker.awaited = { kind: mark.awaits, atMs: performance.now() };
      }
      wire.socket.uncork();
    }
    talker.slot += 1;
  }

  /** @param {Talker} talker @param {string} head @param {number} bytes */
  hear(talker, head, bytes) {
    const { counts } = this;
    counts.messages += 1;
    counts.bytes += bytes;
    if (head.includes('"interrupted"')) {
      this.#came(talker, 'interrupt', counts.interruptMs);
      talker.answering = false;
    } else if (head.includes('"inlineData"')) {
      if (!talker.answering) this.#came(talker, 'answer', counts.answerMs);
      talker.answering = true;
    }
    if (head.includes('"turnComplete"')) {
      counts.turns += 1;
      talker.answering = false;
    }
  }

  /** @param {Talker} talker @param {'answer' | 'interrupt'} kind @param {number[]} list */
  #came(talker, kind, list) {
    if (talker.awaited?.kind !== kind) {
      this.counts.unasked += 1;
      return;
    }
    const { atMs } = talker.awaited;
    if (atMs >= this.countsFromMs) list.push(performance.now() - atMs);
    talker.awaited = undefined;
  }
}

/**
 * @param {StreamOptions} options
 * @param {(progress: unknown) => void} tell
 * @returns {Promise<StreamResult>}
 */
export async function stream(options, tell) {
  const { port, sessions, seconds, warmUpMs, spreadMs, setup } = options;
  const all = new Stream(options);
  const setupFrame = textFrame({ setup });
  /** @type {Talker[]} */
  const talkers = [];
  while (talkers.length < sessions) {
    const some = Math.min(AT_ONCE, sessions - talkers.length);
    const wires = await Promise.all(
      Array.from({ length: some }, () => openSession(port, setupFrame)),
    );
    for (const wire of wires) {
      const talker = new Talker(wire, Math.random() * spreadMs);
      wire.listener = {
        onMessage: (head, bytes) => all.hear(talker, head, bytes),
        onEnd: () => (talker.ended = true),
      };
      talkers.push(talker);
    }
  }
  tell('open');
  await pause(500);
  all.countsFromMs = performance.now() + warmUpMs;
  const probes = await startProbes(port, setupFrame, all.countsFromMs);
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  const late = await sendAll(all, talkers, seconds * 1000);
  loop.disable();
  const pingMs = probes.stop();
  tell('sent');
  await pause(1500); // the last answers
  all.counts.ended = talkers.filter((talker) => talker.ended).length;
  for (const talker of talkers) talker.wire.listener = {};
  await Promise.all(talkers.map((talker) => talker.wire.close()));
  return {
    ...all.counts,
    pingMs,
    loopMs: {
      p50: loop.percentile(50) / 1e6,
      p99: loop.percentile(99) / 1e6,
      max: loop.max / 1e6,
    },
    lateMs: { p50: quantile(late, 0.5), p99: quantile(late, 0.99), max: quantile(late, 1) },
  };
}

/**
 * Every frame when it is due, by the clock. Returns how late they were, sorted.
 * @param {Stream} all
 * @param {Talker[]} talkers
 * @param {number} lastMs
 */
async function sendAll(all, talkers, lastMs) {
  const late = new Float64Array(talkers.length * Math.ceil(lastMs / FRAME_MS + 1));
  let sent = 0;
  /** One list for each millisecond of 40, of those whose frames are due in it. @type {Talker[][]} */
  const wheel = Array.from({ length: FRAME_MS }, () => []);
  for (const talker of talkers) wheel[talker.phaseMs]?.push(talker);
  const startMs = performance.now() + 100;
  for (let tick = 0; tick < lastMs;) {
    const nowMs = performance.now() - startMs;
    for (; tick <= nowMs && tick < lastMs; tick++) {
      for (const talker of wheel[tick % FRAME_MS] ?? []) {
        if (talker.ended) continue;
        all.say(talker);
        late[sent++] = performance.now() - startMs - tick;
      }
    }
    await pause(1);
  }
  return late.subarray(0, sent).sort();
}

/**
 * Sessions that say nothing and are pinged: what the server's event loop is late by.
 *
 * @param {number} port
 * @param {Buffer} setupFrame
 * @param {number} countsFromMs
 */
async function startProbes(port, setupFrame, countsFromMs) {
  /** @type {number[]} */
  const pingMs = [];
  const ping = pingFrame();
  const wires = await Promise.all(
    Array.from({ length: PROBES }, () => openSession(port, setupFrame)),
  );
  const timers = wires.map((wire) => {
    /** @type {number | undefined} */
    let sentMs;
    wire.listener = {
      onPong: () => {
        if (sentMs !== undefined && sentMs >= countsFromMs) pingMs.push(performance.now() - sentMs);
        sentMs = undefined;
      },
    };
    return setInterval(() => {
      if (sentMs !== undefined) return;
      sentMs = performance.now();
      wire.socket.write(ping);
    }, PROBE_EVERY_MS);
  });
  return {
    stop: () => {
      for (const timer of timers) clearInterval(timer);
      for (const wire of wires) wire.socket.destroy();
      return pingMs;
    },
  };
}
