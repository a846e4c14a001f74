/**
 * Devices that go and come in the midst of talk: `gemlive talk` in a terminal, a voice that never pauses in its
 * microphone, a reply that never ends, and at random moments a recorder, a player, a source, a sink or the whole
 * sound server is taken away. It has recovered when both are heard again, by the server and at the speaker.
 */
import { readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

import { bytesOfMs, OUTPUT_FORMAT } from '../../../src/audio/format.ts';
import { startProcess, type Subprocess } from '../../../src/audio/subprocess.ts';
import { surroundings, type Surroundings } from '../../support/leftovers.ts';
import { noise } from '../../support/noise.ts';
import { addSink, pactl, removeSinks } from '../../support/pactl.ts';
import { openPty, type Pty } from '../../support/pty.ts';
import { afterSetup, startScriptedServer, type Peer } from '../../support/scriptedServer.ts';
import { loudest } from '../../support/signal.ts';
import { startSoundServer, type SoundServer } from '../../support/soundServer.ts';
import { until } from '../../support/until.ts';
import { memory } from '../processes.ts';

export const ABUSES = ['recorder', 'player', 'source', 'sink', 'server'] as const;
export type Abuse = (typeof ABUSES)[number];

export type AbuseRow = {
  what: Abuse;
  times: number;
  /** Both were heard again, over the same connection. */
  wentOn: number;
  /** Longest silence since it was killed, or since its device was there again: of the voice on the wire, … */
  micSilenceMs: number[];
  /** … and of the reply at the speaker. */
  speakerSilenceMs: number[];
};

type Weight = { fds: number; mainMiB: number; children: string[] };

export type Abused = {
  seed: number;
  rows: AbuseRow[];
  before: Weight;
  after: Weight;
  exitCode: number | null;
  /** Living processes of gemlive after its end. */
  left: string[];
};

const RECOVERS_WITHIN_MS = 25_000;
const STEADY_MS = 500;
/** A machine that is busy hands sound on late, and not in order of its clock. */
const STEADY_GAP_MS = 200;
const AUDIBLE = 0.005;
const CHUNK_MS = 40;

/** When sound was there. */
class Ear {
  #atMs: number[] = [];

  hear(pcm: Uint8Array, rateHz: number): void {
    if (loudest(pcm, rateHz) > AUDIBLE) this.#atMs.push(performance.now());
    if (this.#atMs.length > 20_000) this.#atMs = this.#atMs.slice(-10_000);
  }

  /** It has been there without a gap for a while, all of it after `sinceMs`. */
  isSteady(sinceMs: number): boolean {
    const fromMs = performance.now() - STEADY_MS;
    const recent = this.#atMs.filter((atMs) => atMs >= fromMs);
    const edges = [fromMs, ...recent, performance.now()];
    return fromMs >= sinceMs && longestGap(edges) < STEADY_GAP_MS;
  }

  longestSilenceMs(sinceMs: number): number {
    const since = this.#atMs.filter((atMs) => atMs > sinceMs);
    return longestGap([sinceMs, ...since, performance.now()]);
  }
}

const longestGap = (edges: readonly number[]): number =>
  Math.max(0, ...edges.slice(1).map((atMs, i) => atMs - (edges[i] ?? atMs)));

/** A live server whose reply never ends, and which says that it was interrupted, so that no lag adds up. */
async function startEndlessServer(onVoice: (pcm: Uint8Array) => void) {
  const sound = noise(20_000, OUTPUT_FORMAT.sampleRateHz, 77);
  const bytes = bytesOfMs(OUTPUT_FORMAT, CHUNK_MS);
  let peer: Peer | undefined;
  let [sent, startMs] = [0, performance.now()];
  const timer = setInterval(() => {
    if (!peer) return;
    for (; sent * CHUNK_MS < performance.now() - startMs; sent++) {
      const at = (sent * bytes) % (sound.byteLength - bytes);
      const data = Buffer.from(sound.subarray(at, at + bytes)).toString('base64');
      const inlineData = { mimeType: 'audio/pcm;rate=24000', data };
      peer.send({ serverContent: { modelTurn: { parts: [{ inlineData }] } } });
    }
  }, CHUNK_MS);
  const server = await startScriptedServer(
    afterSetup(async (client) => {
      [peer, sent, startMs] = [client, 0, performance.now()];
      for (;;) {
        const { realtimeInput } = (await client.next()) as {
          realtimeInput?: { audio?: { data?: string } };
        };
        const data = realtimeInput?.audio?.data;
        if (data !== undefined) onVoice(Buffer.from(data, 'base64'));
      }
    }),
  );
  return {
    url: server.url,
    connections: () => server.count,
    nextTurn: () => {
      peer?.send({ serverContent: { interrupted: true } });
      peer?.send({ serverContent: { turnComplete: true } });
    },
    close: async () => {
      clearInterval(timer);
      peer = undefined;
      await server.close();
    },
  };
}

/** The test's own mouth and ear, which die with the sound server and must not be moved to other devices by it. */
class Person {
  readonly #server: SoundServer;
  readonly #onSound: (pcm: Uint8Array) => void;
  #mouth: Subprocess | undefined;
  #ear: Subprocess | undefined;

  constructor(server: SoundServer, onSound: (pcm: Uint8Array) => void) {
    this.#server = server;
    this.#onSound = onSound;
  }

  speak(): void {
    const { environment } = this.#server;
    const args = '--raw --format=s16le --rate=16000 --channels=1 --latency-msec=40 --device=mic';
    const mouth = startProcess({
      command: 'pacat',
      args: args.split(' '),
      stdin: 'pipe',
      environment,
    });
    const voice = noise(10_000, 16_000, 78);
    const say = (): void => void mouth.stdin?.write(voice, (error) => error || say());
    say();
    this.#mouth = mouth;
  }

  listen(): void {
    const { environment } = this.#server;
    const args =
      '--raw --format=s16le --rate=24000 --channels=1 --latency-msec=10 --device=speaker.monitor';
    const ear = startProcess({
      command: 'parec',
      args: args.split(' '),
      stdout: 'pipe',
      environment,
    });
    ear.stdout?.on('data', this.#onSound);
    this.#ear = ear;
  }

  async beSilent(): Promise<void> {
    this.#mouth?.kill();
    await this.#mouth?.exited;
  }

  async beDeaf(): Promise<void> {
    this.#ear?.kill();
    await this.#ear?.exited;
  }
}

/** Numbers from 0 to 1, the same for the same seed. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function weigh(place: Surroundings, terminal: Pty): Weight {
  const [pid = 0] = place.pidsOf('node');
  return {
    fds: readdirSync(`/proc/${pid}/fd`).length,
    mainMiB: memory(pid).mainMiB,
    children: terminal
      .children()
      .map(({ name }) => name)
      .filter((name) => name !== 'script')
      .toSorted(),
  };
}

type Scene = {
  sound: SoundServer;
  person: Person;
  place: Surroundings;
  /** From 0 to 1. */
  chance: () => number;
};

/** Takes it away, and brings back what is not gemlive's to bring back. Settles at the moment from which it may recover. */
async function abuse(what: Abuse, { sound, person, place, chance }: Scene): Promise<number> {
  const absence = (): Promise<void> => pause(300 + 2700 * chance());
  const kill = (program: string): number => {
    const pids = place.pidsOf(program);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    return performance.now();
  };
  const back: Record<Abuse, () => Promise<number>> = {
    recorder: async () => kill('parec'),
    player: async () => kill('pacat'),
    source: async () => {
      await person.beSilent();
      await removeSinks(sound, 'mic');
      await absence();
      await addSink(sound, 'mic', 16_000);
      await pactl(sound, 'set-default-source', 'mic.monitor');
      const atMs = performance.now();
      person.speak();
      return atMs;
    },
    sink: async () => {
      // The mouth as well: where its own sink is the default meanwhile, it goes where the default goes.
      await Promise.all([person.beSilent(), person.beDeaf()]);
      await removeSinks(sound, 'speaker');
      await absence();
      await addSink(sound, 'speaker');
      await pactl(sound, 'set-default-sink', 'speaker');
      const atMs = performance.now();
      person.speak();
      person.listen();
      return atMs;
    },
    server: async () => {
      await sound.crash();
      await absence();
      await sound.restart();
      const atMs = performance.now();
      person.speak();
      person.listen();
      return atMs;
    },
  };
  return back[what]();
}

/**
 * Each abuse `times` times, in an order and at moments that `seed` decides. Takes about four seconds for each.
 * @throws Error when talk does not get under way.
 */
export async function abuseDevices({
  times,
  kinds = ABUSES,
  seed = Math.floor(Math.random() * 2 ** 31),
  onRound = () => {},
}: {
  times: number;
  kinds?: readonly Abuse[];
  seed?: number;
  onRound?: (line: string) => void;
}): Promise<Abused> {
  const chance = random(seed);
  onRound(`seed ${seed}`);
  const [onWire, atSpeaker] = [new Ear(), new Ear()];
  const sound = await startSoundServer();
  const live = await startEndlessServer((pcm) => onWire.hear(pcm, 16_000));
  const person = new Person(sound, (pcm) => atSpeaker.hear(pcm, OUTPUT_FORMAT.sampleRateHz));
  const place = surroundings();
  const terminal = openPty(['talk', '--no-interrupt', '--base-url', live.url], {
    environment: { ...sound.environment, ...place.env, GEMINI_API_KEY: 'key-of-a-test' },
  });
  const rows = kinds.map((what): AbuseRow => ({
    what,
    times: 0,
    wentOn: 0,
    micSilenceMs: [],
    speakerSilenceMs: [],
  }));
  try {
    person.speak();
    person.listen();
    const steady = (sinceMs: number): boolean =>
      onWire.isSteady(sinceMs) && atSpeaker.isSteady(sinceMs);
    const startMs = performance.now();
    await until('both are heard', () => steady(startMs));
    await pause(2000);
    const before = weigh(place, terminal);
    const order = rows
      .flatMap((row) => Array.from({ length: times }, () => ({ row, at: chance() })))
      .toSorted((a, b) => a.at - b.at);
    for (const { row } of order) {
      await pause(1500 * chance());
      const sinceMs = await abuse(row.what, { sound, person, place, chance });
      const recovered = await until(
        'both are heard',
        () => steady(sinceMs),
        RECOVERS_WITHIN_MS,
      ).then(
        () => true,
        () => false,
      );
      row.times += 1;
      if (recovered && live.connections() === 1) row.wentOn += 1;
      row.micSilenceMs.push(onWire.longestSilenceMs(sinceMs));
      row.speakerSilenceMs.push(atSpeaker.longestSilenceMs(sinceMs));
      onRound(
        `${row.what}: ${recovered ? 'went on' : 'LOST'}; silence on the wire ${row.micSilenceMs.at(-1)?.toFixed(0)} ms, at the speaker ${row.speakerSilenceMs.at(-1)?.toFixed(0)} ms`,
      );
      if (place.pidsOf('node').length === 0)
        throw new Error(`gemlive has ended:\n${terminal.output().slice(-2000)}`);
      live.nextTurn();
    }
    await pause(2000);
    const after = weigh(place, terminal);
    terminal.send('q');
    const { code } = await terminal.ended;
    return { seed, rows, before, after, exitCode: code, left: await place.processes() };
  } finally {
    await person.beSilent();
    await person.beDeaf();
    await terminal.close();
    await live.close();
    await sound.stop();
    place.remove();
  }
}
