/**
 * Replies over bad networks, heard: `gemlive talk` plays what a scripted server sends, the monitor of a null
 * sink tells what sounded. No sample of the replies is 0 and no two stretches are alike, so that what was
 * heard, less its silence, is what was sent or it is not. On a busy machine the device starves now and then,
 * whatever the buffer: so what our buffer does, and one of fixed 60 ms, is also reckoned from the arrivals.
 */
import { bytesOfMs, msOfBytes, OUTPUT_FORMAT } from '../../../src/audio/format.ts';
import { concatBytes, viewOf } from '../../../src/audio/pcm.ts';
import { JitterBuffer } from '../../../src/audio/sinks/jitterBuffer.ts';
import type { PlayoutBuffer } from '../../../src/audio/sinks/jitterBuffer.ts';
import { eventsIn, spawnCli } from '../../support/cli.ts';
import { exactSound } from '../../support/exactSound.ts';
import { median } from '../../support/hearing.ts';
import { afterSetup, startScriptedServer } from '../../support/scriptedServer.ts';
import type { Peer } from '../../support/scriptedServer.ts';
import { fixedBuffer, simulatePlayback } from '../../support/simulatedPlayback.ts';
import type { ArrivedReply } from '../../support/simulatedPlayback.ts';
import { startSlowProxy } from '../../support/slowProxy.ts';
import { startSoundServer } from '../../support/soundServer.ts';
import { until } from '../../support/until.ts';

export type Playback = {
  /** Silences in the midst of replies: each is an underrun. */
  gaps: number;
  gapMs: number;
  longestGapMs: number;
};

export type JitterRow = {
  network: string;
  replies: number;
  soundMs: number;
  /** Every sample that was sent was heard once, in order, and nothing else. */
  whole: boolean;
  /** Up to the first sample that was not the one that was due. */
  wholeMs: number;
  heard: Playback;
  /** Reckoned from the same arrivals, on a device that never starves: our buffer, and one of fixed 60 ms. */
  learnt: Reckoned;
  fixed: Reckoned;
};

/** `startMs`: from the arrival of a reply to its first sound, median. */
export type Reckoned = Playback & { startMs: number };

type Chunk = { afterMs: number; ms: number };
type Network = {
  name: string;
  /** When the server sends what of a reply of so many milliseconds. */
  schedule: (ms: number, random: () => number) => Chunk[];
  proxied?: true;
};

const CHUNK_MS = 40;

/** Chunks in real time, `rate` times faster. */
const steady =
  (rate: number) =>
  (ms: number): Chunk[] =>
    Array.from({ length: Math.ceil(ms / CHUNK_MS) }, (_, i) => ({
      afterMs: (i * CHUNK_MS) / rate,
      ms: CHUNK_MS,
    }));

export const NETWORKS: readonly Network[] = [
  {
    name: 'bursts: 400 ms at once, twice real time',
    schedule: (ms) =>
      steady(1)(ms).map((chunk, i) => ({ ...chunk, afterMs: Math.floor(i / 10) * 200 })),
  },
  { name: 'dribbles: 0.9 of real time', schedule: steady(0.9) },
  {
    name: 'real time, with a stall of 500 ms every 2 to 4 s',
    schedule: (ms, random) => {
      let stallAtMs = 1000 + 2000 * random();
      let openAtMs = 0;
      return steady(1)(ms).map((chunk) => {
        if (chunk.afterMs >= stallAtMs) {
          openAtMs = chunk.afterMs + 500;
          stallAtMs += 2000 + 2000 * random();
        }
        return { ...chunk, afterMs: Math.max(chunk.afterMs, openAtMs) };
      });
    },
  },
  {
    name: 'real time, through TCP with 200 ± 80 ms, 3 % of writes held 300 ms more',
    schedule: steady(1),
    proxied: true,
  },
];

const PROXY = { delayMs: 200, spreadMs: 80, heldShare: 0.03, heldMs: 300 };

/** `seconds`: of sound on each network. They run beside each other, each on a sound server of its own. */
export function measureJitter({
  seconds,
  networks = NETWORKS,
}: {
  seconds: number;
  networks?: readonly Network[];
}): Promise<JitterRow[]> {
  return Promise.all(networks.map((network, i) => measure(network, seconds, seeded(i + 1))));
}

async function measure(
  network: Network,
  seconds: number,
  random: () => number,
): Promise<JitterRow> {
  const sound = await startSoundServer();
  const replies = repliesOf(seconds * 1000, random);
  let turns = 0;
  const server = await startScriptedServer(
    afterSetup(async (peer) => {
      await peer.next(); // the greeting's prompt
      for (const [i, pcm] of replies.entries()) {
        await send(peer, pcm, network.schedule(msOfBytes(OUTPUT_FORMAT, pcm.byteLength), random));
        await until('the reply is heard', () => turns > i, 60_000);
      }
    }),
  );
  const proxy = network.proxied && (await startSlowProxy(server.url, { ...PROXY, random }));
  const recording = await sound.recordSpeaker();
  const url = (proxy ?? server).url;
  const child = spawnCli(
    ['talk', '--json', '--no-mic', '--player', 'pacat', '--greet', 'go', '--base-url', url],
    { env: { ...sound.environment, GEMINI_API_KEY: 'none' } },
  );
  const arrivals: { atMs: number; bytes: number }[] = [];
  let errors = '';
  let rest = '';
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
  child.stdout.on('data', (text: Buffer) => {
    const lines = (rest + text.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const event of eventsIn(lines.join('\n'))) {
      if (event['type'] === 'turn') turns++;
      if (event['type'] === 'audio')
        arrivals.push({ atMs: performance.now(), bytes: Number(event['bytes']) });
    }
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  try {
    const limitMs = 2000 * seconds + 60_000;
    await until(
      'all replies are heard',
      () => turns === replies.length || child.exitCode !== null,
      limitMs,
    );
    if (child.exitCode !== null) throw new Error(`talk has ended: ${errors}`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { pcm } = await recording.stop();
    return rowOf(network.name, replies, pcm, arrivals);
  } finally {
    child.kill('SIGINT');
    await ended;
    await proxy?.close();
    await server.close();
    await sound.stop();
  }
}

async function send(peer: Peer, pcm: Uint8Array, schedule: readonly Chunk[]): Promise<void> {
  const startMs = performance.now();
  let at = 0;
  for (const { afterMs, ms } of schedule) {
    const waitMs = startMs + afterMs - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const piece = pcm.subarray(at, (at += bytesOfMs(OUTPUT_FORMAT, ms)));
    const data = Buffer.from(piece).toString('base64');
    const inlineData = { mimeType: 'audio/pcm;rate=24000', data };
    peer.send({ serverContent: { modelTurn: { parts: [{ inlineData }] } } });
  }
  peer.send({ serverContent: { generationComplete: true, turnComplete: true } });
}

function rowOf(
  network: string,
  replies: readonly Uint8Array[],
  heard: Uint8Array,
  arrivals: readonly { atMs: number; bytes: number }[],
): JitterRow {
  const sent = concatBytes(replies);
  const { wholeBytes, heardBytes, heardReplies } = compare(replies, heard);
  const arrived = arrivedReplies(replies, arrivals);
  const reckon = (buffer: PlayoutBuffer): Reckoned => {
    const simulated = simulatePlayback(arrived, buffer).replies;
    const startMs = median(simulated.map(({ startedAfterMs }) => startedAfterMs));
    return { ...playbackOf(simulated.flatMap(({ gapsMs }) => gapsMs)), startMs };
  };
  return {
    network,
    replies: replies.length,
    soundMs: msOfBytes(OUTPUT_FORMAT, sent.byteLength),
    whole: wholeBytes === sent.byteLength && heardBytes === sent.byteLength,
    wholeMs: msOfBytes(OUTPUT_FORMAT, wholeBytes),
    heard: playbackOf(heardReplies),
    learnt: reckon(new JitterBuffer()),
    fixed: reckon(fixedBuffer()),
  };
}

const playbackOf = (gapsMs: readonly number[]): Playback => ({
  gaps: gapsMs.length,
  gapMs: gapsMs.reduce((sum, ms) => sum + ms, 0),
  longestGapMs: Math.max(0, ...gapsMs),
});

/** Walks through what was heard: each sample that is not 0 must be the next one of what was sent. */
function compare(
  replies: readonly Uint8Array[],
  heard: Uint8Array,
): { wholeBytes: number; heardBytes: number; heardReplies: number[] } {
  const sent = viewOf(concatBytes(replies));
  const recorded = viewOf(heard);
  const ends = new Set<number>();
  let endBytes = 0;
  for (const reply of replies) ends.add((endBytes += reply.byteLength));
  const gapsMs: number[] = [];
  let [at, heardBytes, silentSamples, same] = [0, 0, 0, true];
  for (let i = 0; i + 1 < heard.byteLength; i += 2) {
    const sample = recorded.getInt16(i, true);
    if (sample === 0) {
      silentSamples++;
      continue;
    }
    if (silentSamples > 0 && at > 0 && !ends.has(at)) gapsMs.push(silentSamples / 24);
    silentSamples = 0;
    heardBytes += 2;
    same &&= at < sent.byteLength && sent.getInt16(at, true) === sample;
    if (same) at += 2;
  }
  return { wholeBytes: at, heardBytes, heardReplies: gapsMs };
}

function arrivedReplies(
  replies: readonly Uint8Array[],
  arrivals: readonly { atMs: number; bytes: number }[],
): ArrivedReply[] {
  const left = [...arrivals];
  return replies.map((pcm) => {
    const chunks: ArrivedReply['chunks'] = [];
    for (let at = 0; at < pcm.byteLength;) {
      const arrival = left.shift();
      if (arrival === undefined) break;
      chunks.push({ atMs: arrival.atMs, pcm: pcm.subarray(at, (at += arrival.bytes)) });
    }
    // Its end comes with the last of it.
    return { chunks, endAtMs: chunks.at(-1)?.atMs ?? 0 };
  });
}

/** Replies of 3 to 10 s. */
function repliesOf(totalMs: number, random: () => number): Uint8Array[] {
  const replies: Uint8Array[] = [];
  for (let leftMs = totalMs; leftMs > 0;) {
    const ms = Math.min(leftMs, CHUNK_MS * Math.round((3000 + 7000 * random()) / CHUNK_MS));
    replies.push(exactSound(ms, 2 ** 32 * random()));
    leftMs -= ms;
  }
  return replies;
}

/** The same on every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A table, in Markdown. */
export function jitterTable(rows: readonly JitterRow[]): string {
  const gaps = ({ gaps, gapMs, longestGapMs }: Playback): string =>
    gaps === 0 ? 'none' : `${gaps}: ${gapMs.toFixed(0)} ms, longest ${longestGapMs.toFixed(0)}`;
  return [
    '| network | sound, in replies | heard once, in order | gaps heard | reckoned: our buffer | fixed 60 ms | arrival → begin | fixed 60 ms |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows.map(
      (row) =>
        `| ${row.network} | ${(row.soundMs / 1000).toFixed(0)} s, ${row.replies} | ${row.whole ? 'every millisecond' : `NO, to ${row.wholeMs.toFixed(0)} ms`} | ` +
        `${gaps(row.heard)} | ${gaps(row.learnt)} | ${gaps(row.fixed)} | ${row.learnt.startMs.toFixed(0)} ms | ${row.fixed.startMs.toFixed(0)} ms |`,
    ),
  ].join('\n');
}
