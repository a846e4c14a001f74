/** Programs and processes of this machine, without asking `which` or `ps`: a bare system has neither. */
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export function programPath(name: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

export function hasProgram(name: string): boolean {
  return programPath(name) !== undefined;
}

/** `[state, parent, group, …]` from /proc; undefined where there is no such process, or no /proc. */
function procStat(pid: number): string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
  } catch {
    return undefined;
  }
}

/** False for a zombie too: it only waits for somebody to read its exit code. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return procStat(pid)?.[0] !== 'Z';
}

/** Waits up to two seconds for the end of a process; true when it came. */
export async function untilGone(pid: number): Promise<boolean> {
  for (let i = 0; i < 100 && isAlive(pid); i++)
    await new Promise((resolve) => setTimeout(resolve, 20));
  return !isAlive(pid);
}

/** The process group; where there is no /proc to tell, the process itself. */
export function processGroup(pid: number): number {
  return Number(procStat(pid)?.[2] ?? pid);
}

/** The name of its program; empty for one that has gone. Node 24 calls its main thread, and so itself, by another. */
export function programName(pid: number): string {
  try {
    const name = readFileSync(`/proc/${pid}/comm`, 'latin1').trim();
    return name === 'MainThread' ? 'node' : name;
  } catch {
    return '';
  }
}

/** Living children of this process by the name of their program, from /proc. */
export function childrenNamed(name: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number(procStat(pid)?.[1]) === process.pid && isAlive(pid))
    .filter((pid) => programName(pid) === name);
}
