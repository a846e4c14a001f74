/** Sounds that are loud and no speech, as a room has them. 16 kHz mono s16le, made with sox. */
import { spawnSync } from 'node:child_process';

export const BURST_KINDS = ['cough', 'clap', 'slam', 'keys'] as const;
export type BurstKind = (typeof BURST_KINDS)[number];

/** The `n`th of its kind: each has a length, a colour and a level of its own. */
export function burst(kind: BurstKind, n: number): Uint8Array {
  const vary = (from: number, to: number, salt: number): number =>
    from + ((to - from) * ((n * 7919 + salt * 104_729) % 97)) / 96;
  const seconds = {
    cough: [0.12, 0.35],
    clap: [0.02, 0.12],
    slam: [0.15, 0.35],
    keys: [0.015, 0.03],
  };
  const [min, max] = seconds[kind];
  const length = vary(min!, max!, 1).toFixed(3);
  const hz = (from: number, to: number): string => String(Math.round(vary(from, to, 2)));
  const colour = {
    cough: [['pinknoise'], ['band', hz(400, 1400), '700']],
    clap: [['whitenoise'], ['highpass', hz(300, 900)]],
    slam: [['brownnoise'], ['lowpass', hz(150, 700)]],
    keys: [['whitenoise'], ['bandpass', hz(2000, 5000), '1q']],
  };
  const [source, filter] = colour[kind];
  const fade = ['fade', 'l', '0.003', length, (Number(length) * 0.8).toFixed(3)];
  const level = ['gain', '-n', (-2 - vary(0, 10, 3)).toFixed(1)];
  const { stdout, status, stderr } = spawnSync(
    'sox',
    ['-R', '-n', '-t', 'raw', '-r', '16000', '-c', '1', '-b', '16', '-e', 'signed', '-'].concat([
      'synth',
      length,
      ...source!,
      ...filter!,
      ...fade,
      ...level,
    ]),
    { maxBuffer: 1 << 24 },
  );
  if (status !== 0) throw new Error(`sox: ${stderr.toString()}`);
  return new Uint8Array(stdout);
}
