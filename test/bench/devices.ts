/**
 * `npm run bench:devices`: every player and recorder of this machine on null sinks, and what `speaker` dies
 * of a hundred times over. The table goes to stdout and into docs/performance.md.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { it } from 'vitest';

import { PLAYERS } from '../../src/audio/backends/players.ts';
import { RECORDERS } from '../../src/audio/backends/recorders.ts';
import { openPlayer, openRecorder } from '../../src/audio/backends.ts';
import type { OpenDeviceOptions } from '../../src/audio/backends.ts';
import { INPUT_FORMAT } from '../../src/audio/format.ts';
import { startProcess } from '../../src/audio/subprocess.ts';
import { noise } from '../support/noise.ts';
import { hasProgram } from '../support/programs.ts';
import { startPipewire } from '../support/pipewireServer.ts';
import { loudest, matchBlocks } from '../support/signal.ts';
import { startSoundServer } from '../support/soundServer.ts';
import type { SoundServer, SpeakerRecording } from '../support/soundServer.ts';
import { closedDuringWrite, serverKilledMidWrite, withoutDevice } from '../support/speakerAbuse.ts';

const CLEARS = Number(process.env['BENCH_CLEARS'] ?? 50);
const SOUNDS = Number(process.env['BENCH_SOUNDS'] ?? 20);
const DEATHS = Number(process.env['BENCH_DEATHS'] ?? 100);
const AUDIBLE = 0.005;
/** Names of those to measure, instead of all. */
const ONLY = process.env['BENCH_ONLY']?.split(',');

type Chunks = SpeakerRecording['chunks'];

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function medianAndP95(values: readonly number[]): string {
  const known = values.filter((value) => !Number.isNaN(value));
  const lost = values.length - known.length;
  const figures = `${quantile(known, 0.5).toFixed(0)} (${quantile(known, 0.95).toFixed(0)})`;
  return lost === 0 ? figures : `${figures}, ${lost} not heard`;
}

/** When the first chunk with sound in it came, of those between two moments. */
const onset = (chunks: Chunks, fromMs: number, toMs: number): number | undefined =>
  chunks.find((one) => one.atMs > fromMs && one.atMs < toMs && loudest(one.pcm, 24_000) > AUDIBLE)
    ?.atMs;

const lastSound = (chunks: Chunks, fromMs: number, toMs: number): number | undefined =>
  chunks.findLast(
    (one) => one.atMs > fromMs && one.atMs < toMs && loudest(one.pcm, 24_000) > AUDIBLE,
  )?.atMs;

async function benchPlayer(
  where: string,
  server: SoundServer,
  options: Partial<OpenDeviceOptions>,
): Promise<string> {
  const startMs = performance.now();
  const sink = await openPlayer({ environment: server.environment, ...options });
  const openMs = performance.now() - startMs;
  await pause(400);
  const whole = await server.recordSpeaker();
  const sent = noise(5000, 24_000, 61);
  sink.write(sent);
  sink.flush();
  await sink.drain();
  await pause(800);
  const blocks = matchBlocks(sent, (await whole.stop()).pcm, { rateHz: 24_000 });
  const good = blocks.filter((block) => block.correlation > 0.9).length;
  const lags = blocks.map((block) => block.lagMs);
  const spread = Math.max(...lags) - Math.min(...lags);
  const { estimated, underruns } = sink.position();

  const recording = await server.recordSpeaker();
  const marks: { writeMs: number; clearMs: number; endMs: number }[] = [];
  for (let i = 0; i < CLEARS; i++) {
    const writeMs = performance.now();
    sink.write(noise(2000, 24_000, 62));
    await pause(300 + Math.random() * 100);
    const clearMs = performance.now();
    await sink.clear().silenced;
    await pause(200);
    marks.push({ writeMs, clearMs, endMs: performance.now() });
  }
  const { chunks } = await recording.stop();
  await sink.close();
  const first = marks.map(
    (mark) => (onset(chunks, mark.writeMs, mark.clearMs) ?? Number.NaN) - mark.writeMs,
  );
  const silence = marks.map(({ clearMs, endMs }) =>
    Math.max(0, (lastSound(chunks, clearMs, endMs) ?? clearMs) - clearMs),
  );
  return (
    `| ${options.name} | ${where} | ${openMs.toFixed(0)} | ${good} of ${blocks.length} | ${spread.toFixed(1)} | ${underruns} | ` +
    `${estimated ? 'reckoned' : 'reported'} | ${medianAndP95(first)} | ${medianAndP95(silence)} |`
  );
}

async function benchRecorder(
  where: string,
  server: SoundServer,
  options: Partial<OpenDeviceOptions>,
): Promise<string> {
  const { environment } = server;
  const startMs = performance.now();
  const source = await openRecorder({ environment, ...options });
  const openMs = performance.now() - startMs;
  const stop = new AbortController();
  const frames: Chunks = [];
  const reading = (async () => {
    for await (const pcm of source.frames(stop.signal))
      frames.push({ atMs: performance.now(), pcm });
  })();
  // A second tap on the same microphone tells when the sound was there.
  const tap = startProcess({
    command: 'parec',
    args: '--format=s16le --rate=16000 --channels=1 --latency-msec=5 --process-time-msec=5'.split(
      ' ',
    ),
    stdout: 'pipe',
    environment,
  });
  const tapped: Chunks = [];
  tap.stdout?.on('data', (pcm: Uint8Array) => tapped.push({ atMs: performance.now(), pcm }));
  const mouth = await openPlayer({
    environment,
    name: 'pacat',
    device: 'mic',
    format: INPUT_FORMAT,
  });
  await pause(500);
  const starts: number[] = [];
  // sox is late by more than a sound's length.
  const gapMs = options.name === 'sox' ? 1200 : 350;
  for (let i = 0; i < SOUNDS; i++) {
    starts.push(performance.now());
    mouth.write(noise(100, 16_000, 63 + i));
    mouth.flush();
    await mouth.drain();
    await pause(gapMs + Math.random() * 50);
  }
  const delays = starts.map((fromMs, i) => {
    const toMs = starts[i + 1] ?? performance.now();
    const there = onset(tapped, fromMs, toMs) ?? Number.NaN;
    return (onset(frames, there, toMs) ?? Number.NaN) - there;
  });
  stop.abort();
  tap.kill();
  await Promise.all([reading, tap.exited, mouth.close()]);
  return `| ${options.name} | ${where} | ${openMs.toFixed(0)} | ${medianAndP95(delays)} |`;
}

async function deaths(what: string, work: () => Promise<string>, clean: RegExp): Promise<string> {
  let good = 0;
  let said = '';
  for (let i = 0; i < DEATHS; i++) {
    said = await work();
    if (clean.test(said)) good++;
  }
  return `| ${what} | ${good} of ${DEATHS} | \`${said}\` |`;
}

const version = (command: string): string =>
  /\d+\.\d+(\.\d+)?/.exec(spawnSync(command, ['--version'], { encoding: 'utf8' }).stdout)?.[0] ??
  'none';

const chosen = (name: string): boolean => ONLY?.includes(name) ?? true;
const canPlay = (name: string): boolean => {
  const program = PLAYERS.find((one) => one.name === name);
  return program?.missing?.() === undefined && (program?.framed ?? hasProgram(name));
};
const canRecord = (name: string): boolean => {
  const program = RECORDERS.find((one) => one.name === name);
  return program?.isModule ? program.missing?.() === undefined : hasProgram(name);
};

it('measures every device', { timeout: 45 * 60_000 }, async () => {
  const players: string[] = [];
  const recorders: string[] = [];
  const died: string[] = [];
  const note = (list: string[], row: string): void => {
    list.push(row);
    process.stderr.write(`${row}\n`);
  };
  const servers = [['PulseAudio', await startSoundServer(), 'pw-']] as [
    string,
    SoundServer,
    string,
  ][];
  if (hasProgram('pipewire')) servers.push(['PipeWire', await startPipewire(), ' ']);
  for (const [where, server, not] of servers) {
    const device = { device: 'pulseaudio:default' };
    for (const { name } of PLAYERS)
      if (chosen(name) && canPlay(name) && !name.startsWith(not))
        note(players, await benchPlayer(where, server, { name, ...(name === 'sox' && device) }));
    for (const name of new Set(RECORDERS.map((one) => one.name)))
      if (chosen(name) && canRecord(name) && !name.startsWith(not))
        note(
          recorders,
          await benchRecorder(where, server, { name, ...(name === 'sox' && device) }),
        );
  }
  const [[, pulse] = []] = servers;
  if (chosen('speaker') && canPlay('speaker') && pulse !== undefined) {
    note(
      died,
      await deaths('no device', withoutDevice, /^no loudspeaker could be opened: speaker: no/),
    );
    note(
      died,
      await deaths(
        'sound server killed in a write',
        serverKilledMidWrite,
        /^the loudspeaker is lost: speaker does not/,
      ),
    );
    note(died, await deaths('closed during a write', () => closedDuringWrite(pulse), /^closed$/));
  }
  for (const [, server] of servers) await server.stop();

  const os =
    /PRETTY_NAME="(.*)"/.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? process.platform;
  const text = [
    `Measured on ${os}, ${cpus().length} cores, Node ${process.versions.node}, PulseAudio ${version('pulseaudio')}, ` +
      `PipeWire ${version('pw-cat')}, null sinks. A monitor shows sound when it is rendered, not when it leaves a ` +
      `loudspeaker: these are lower bounds, to which a device adds its own latency. Comparisons hold. Milliseconds; median (p95).`,
    '',
    `Players: 5 s of sound compared block by block with what the sink sounded; then ${CLEARS} times a reply that is cut.`,
    '',
    '| player | server | open | blocks heard whole | spread of the lag | underruns | position | `write()` → first sound | `clear()` → silence |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...players,
    '',
    `Recorders: ${SOUNDS} sounds; from the moment a second tap on the same microphone (5 ms) has it.`,
    '',
    '| recorder | server | open, to the first frame | sound → first frame with it |',
    '| --- | --- | --- | --- |',
    ...recorders,
    '',
    '`speaker`, mistreated: what gemlive says, and lives on.',
    '',
    '| what happens | a clean line, and alive | the line |',
    '| --- | --- | --- |',
    ...died,
  ].join('\n');
  process.stdout.write(`${text}\n`);
  if (ONLY !== undefined) return;
  const path = join(import.meta.dirname, '..', '..', 'docs', 'performance.md');
  const [before = '', after = ''] = readFileSync(path, 'utf8').split(
    /<!-- devices:begin[^]*<!-- devices:end -->/,
  );
  writeFileSync(
    path,
    `${before}<!-- devices:begin (made by npm run bench:devices) -->\n\n${text}\n\n<!-- devices:end -->${after}`,
  );
});
