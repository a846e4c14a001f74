/**
 * `npm run bench:voice`: what a listener judges. The tables go to stdout and, when they shall be kept, into
 * docs/voice.md.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { it } from 'vitest';

import { hasProgram } from '../../support/programs.ts';
import { startPipewire } from '../../support/pipewireServer.ts';
import { startSoundServer, type SoundServer } from '../../support/soundServer.ts';
import { table } from '../figures.ts';
import { installMic, machine } from '../machine.ts';
import { replaceSection } from '../report.ts';
import { abuseDevices } from './devices.ts';
import { measureInterruptions } from './interruptions.ts';
import { jitterTable, measureJitter } from './jitter.ts';
import {
  besideABurner,
  measureMicrophone,
  measureReplies,
  medianAndP95,
  sampleWay,
  talk,
} from './moments.ts';

const TIMES = Number(process.env['BENCH_TIMES'] ?? 50);
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 300);
const PARTS = (
  process.env['BENCH_PARTS'] ?? 'silence,microphone,networks,devices,interruptions'
).split(',');
const SAVES = process.env['BENCH_SAVE'] === '1';

type Servers = [name: string, sound: SoundServer][];

/** First choice on Linux, on PipeWire without the Pulse face, with ALSA alone and on macOS, on Windows. */
const FIRST_CHOICES = ['pacat', 'pw-cat', 'speaker', 'decibri'];

async function silence(servers: Servers, micFolder: string): Promise<string> {
  const rows: string[][] = [];
  const note = (row: string[]): void => {
    rows.push(row);
    process.stderr.write(`${row.join(' | ')}\n`);
  };
  for (const [where, sound] of servers) {
    for (const player of FIRST_CHOICES) {
      if (player === 'pw-cat' && where !== 'PipeWire') continue;
      const start = talk('--player', player);
      for (const burns of [false, true]) {
        const measure = (by: 'wire' | 'esc') => measureReplies(sound, start, { times: TIMES, by });
        const both = async () => [await measure('wire'), await measure('esc')] as const;
        const [wire, esc] = burns ? await besideABurner(both) : await both();
        note([
          `talk, ${player}`,
          where,
          burns ? 'a core burns' : 'idle',
          medianAndP95(wire.silenceMs),
          medianAndP95(esc.silenceMs),
          medianAndP95([...wire.firstMs, ...esc.firstMs]),
        ]);
      }
    }
    if (where !== 'PulseAudio') continue;
    const sample = await measureReplies(sound, sampleWay(micFolder), { times: TIMES, by: 'wire' });
    note([
      "the official sample's way",
      where,
      'idle',
      medianAndP95(sample.silenceMs),
      'has none',
      medianAndP95(sample.firstMs),
    ]);
  }
  return [
    '### Silence and first sound',
    '',
    `${TIMES} replies each, sent in one burst and cut after 300–400 ms; milliseconds, median (p95). From the server's word, or the key, to ` +
      'the last sound at the sink; from the first chunk on the wire to the first sound.',
    '',
    table(
      [
        '',
        'sound server',
        'beside it',
        '`interrupted` → silence',
        '`Esc` → silence',
        'first chunk → first sound',
      ],
      rows,
    ),
  ].join('\n');
}

async function microphone(servers: Servers, micFolder: string): Promise<string> {
  const rows: string[][] = [];
  for (const [where, sound] of servers) {
    rows.push(['talk', where, medianAndP95(await measureMicrophone(sound, talk(), TIMES))]);
    if (where !== 'PulseAudio') continue;
    const sample = await measureMicrophone(sound, sampleWay(micFolder), TIMES);
    rows.push(["the official sample's way", where, medianAndP95(sample)]);
  }
  return [
    '### From the microphone to the wire',
    '',
    `${TIMES} sounds; from the moment a second ear at the same microphone has it to the first frame with it at the server. Milliseconds, median (p95).`,
    '',
    table(['', 'sound server', 'sound → wire'], rows),
  ].join('\n');
}

async function networks(): Promise<string> {
  const rows = await measureJitter({ seconds: SECONDS });
  return [
    '### Bad networks',
    '',
    `${SECONDS} s of replies on each, played by pacat on PulseAudio. A gap heard is a silence within a reply. What a buffer of 60 ms would have done is reckoned from the same arrivals.`,
    '',
    jitterTable(rows),
  ].join('\n');
}

async function devices(): Promise<string> {
  const found = await abuseDevices({
    times: 2 * TIMES,
    onRound: (line) => process.stderr.write(`${line}\n`),
  });
  const { before, after, left } = found;
  const weight = ({ fds, mainMiB, children }: typeof before): string =>
    `${fds} open files, ${mainMiB.toFixed(1)} MiB, ${children.length} children`;
  return [
    '### Devices that come and go',
    '',
    `On PulseAudio, each taken away in the middle of talk at a random moment (seed ${found.seed}). Silence since it was killed, or since its device was there ` +
      'again; milliseconds, median (p95).',
    '',
    table(
      ['what goes', 'times', 'went on', 'silence on the wire', 'silence at the speaker'],
      found.rows.map((row) => [
        row.what,
        String(row.times),
        String(row.wentOn),
        medianAndP95(row.micSilenceMs),
        medianAndP95(row.speakerSilenceMs),
      ]),
    ),
    '',
    `Before: ${weight(before)}; after: ${weight(after)}. Left behind: ${left.length === 0 ? 'no process' : left.join(', ')}; exit code ${found.exitCode}.`,
  ].join('\n');
}

async function interruptions(servers: Servers): Promise<string> {
  const [, sound] = servers[0]!;
  const found = await measureInterruptions(sound, 2 * TIMES);
  return [
    '### Who stops a reply',
    '',
    'Against the local Live server, on PulseAudio. Bursts are made with sox, words are said by three voices of flite.',
    '',
    table(
      ['', 'times', 'replies stopped', 'first syllable on the wire', 'said → `interrupted`, ms'],
      [
        ['coughs, claps, doors', String(found.bursts), String(found.lost), '', ''],
        [
          'words',
          String(found.words),
          String(found.stopped),
          String(found.whole),
          medianAndP95(found.toInterruptedMs),
        ],
      ],
    ),
  ].join('\n');
}

it('measures what a listener judges', { timeout: 90 * 60_000 }, async () => {
  const micFolder = mkdtempSync(join(tmpdir(), 'gemlive-bench-'));
  const servers: Servers = [['PulseAudio', await startSoundServer()]];
  if (hasProgram('pipewire')) servers.push(['PipeWire', await startPipewire()]);
  try {
    installMic(micFolder);
    const parts: Record<string, () => Promise<string>> = {
      silence: () => silence(servers, micFolder),
      microphone: () => microphone(servers, micFolder),
      networks: () => networks(),
      devices: () => devices(),
      interruptions: () => interruptions(servers),
    };
    for (const part of PARTS) {
      const section = await parts[part]?.();
      if (section === undefined) throw new Error(`no part of the bench: ${part}`);
      process.stdout.write(`${section}\n\n`);
      const text = `${section}\n\nMeasured on ${machine()}.`;
      if (SAVES) replaceSection('voice.md', part, `npm run bench:voice -- ${part}`, text);
    }
  } finally {
    for (const [, sound] of servers) await sound.stop();
    rmSync(micFolder, { recursive: true, force: true });
  }
});
