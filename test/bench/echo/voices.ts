/** Six voices, and what a recogniser makes of what is left of them. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

import { floatFromS16, s16FromFloat } from '../../../src/audio/pcm.ts';
import { writeWav } from '../../support/wav.ts';
import { NEAR_END_S, NEAR_S } from './room.ts';
import { atLevel, RATE } from './signal.ts';

export const VOICES = ['rms', 'slt', 'kal16', 'awb', 'en-us', 'en-gb+f3'] as const;
export type Voice = (typeof VOICES)[number];

const ASSISTANT =
  'The museum opens at nine on weekdays and at ten on Sundays. It has three floors: the lower one shows old maps and ' +
  'instruments, the middle one paintings of the coast, and the upper one belongs to the children. You can eat in the ' +
  'garden when the weather is fine, and there is a tram every ten minutes from the central station.';
const USER =
  'Wait a moment, I have another question. Is the museum open on Monday as well, and how much is a ticket for two people ' +
  'and a child. Tell me also where I can leave my bicycle, and when the last tram goes home.';

const TO_RAW = '-t raw -r 16000 -c 1 -b 16 -e signed -';

/** A pipe of a shell: flite opens what it writes to by its name. */
const LINES = {
  flite: 'flite -voice "$1" -t "$2" -o /dev/stdout | sox -t wav - $3',
  espeak: 'espeak-ng -v "$1" --stdout "$2" | sox -t wav - $3',
};

function speak(voice: Voice, text: string): Float32Array {
  const line = voice.startsWith('en-') ? LINES.espeak : LINES.flite;
  const { stdout, status } = spawnSync('sh', ['-c', line, 'sh', voice, text, TO_RAW], {
    maxBuffer: 1 << 25,
  });
  if (status !== 0 || stdout.byteLength === 0) throw new Error(`${voice} said nothing`);
  return floatFromS16(stdout);
}

export const assistant = (voice: Voice): Float32Array => speak(voice, ASSISTANT);
export const user = (voice: Voice): Float32Array => speak(voice, USER);

/** So many recognisers listen at once, beside the canceller. */
const LISTENERS = availableParallelism();
let listening = 0;
const queue: (() => void)[] = [];

/** What pocketsphinx hears while the user speaks. Others wait when enough are listening. */
export async function wordsIn(sound: Float32Array): Promise<string[]> {
  if (listening >= LISTENERS) await new Promise<void>((resolve) => queue.push(resolve));
  else listening++;
  try {
    return await heardIn(sound);
  } finally {
    const next = queue.shift();
    if (next === undefined) listening--;
    else next();
  }
}

async function heardIn(sound: Float32Array): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-echo-'));
  try {
    const path = join(folder, 'near.wav');
    const said = sound.slice(NEAR_S * RATE, NEAR_END_S * RATE);
    writeWav(path, s16FromFloat(atLevel(said, -24)), { sampleRateHz: RATE, channels: 1 });
    const text = await outputOf('pocketsphinx_continuous', [
      '-infile',
      path,
      '-logfn',
      '/dev/null',
    ]);
    return text
      .toLowerCase()
      .split(/[^a-z']+/)
      .filter(Boolean);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function outputOf(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'], timeout: 60_000 });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.on('error', reject);
    child.on('close', () => resolve(text));
  });
}

/** Share of the words of `wanted` that are in `heard` too, in any order. */
export function understood(wanted: readonly string[], heard: readonly string[]): number {
  const left = [...heard];
  const found = wanted.filter((word) => {
    const at = left.indexOf(word);
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
  return found.length / Math.max(1, wanted.length);
}
