/** What the figures were made on, and what they need that is no dependency of ours. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** The machine in a line: figures mean nothing without it. */
export function machine(): string {
  const pulse = /\d+\.\d+/.exec(
    spawnSync('pulseaudio', ['--version'], { encoding: 'utf8' }).stdout,
  )?.[0];
  return `${computer()}, PulseAudio ${pulse ?? 'none'} with null sinks`;
}

/** The same, where no sound server is in it. */
export function computer(): string {
  const os =
    /PRETTY_NAME="(.*)"/.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? process.platform;
  return `${os}, ${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.versions.node}`;
}

/** `mic`, of the official sample: for the bench alone, in a folder of its own. */
export function installMic(folder: string): void {
  const args = ['install', '--prefix', folder, '--no-audit', '--no-fund', 'mic@2.1.2'];
  const { status, stderr } = spawnSync('npm', args, { encoding: 'utf8', timeout: 120_000 });
  if (status !== 0) throw new Error(`mic could not be installed:\n${stderr}`);
}
