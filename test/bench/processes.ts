/** What Linux says about a process and the tree below it: processor time, and memory that is its own. */
import { readFileSync } from 'node:fs';

import { below } from '../support/pty.ts';

/** User and system time, ms. /proc counts in ticks of 10 ms, from times that are exact. */
export type CpuTime = { userMs: number; systemMs: number };

const MS_PER_TICK = 10;

const total = ({ userMs, systemMs }: CpuTime): number => userMs + systemMs;

function cpuOf(pid: number): CpuTime | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
      userMs: Number(fields[11]) * MS_PER_TICK,
      systemMs: Number(fields[12]) * MS_PER_TICK,
    };
  } catch {
    return undefined;
  }
}

/** Proportional set size, MiB: shared pages count by their share. 0 for a process that is gone. */
function pssOf(pid: number): number {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
    return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

export type Usage = {
  main: CpuTime;
  /** By name, ms of user and system; two of a name are added. */
  children: Map<string, number>;
  treeMs: number;
};

/** Starts counting; the result tells what was used since. Children that end meanwhile are not counted. */
export function countCpu(pid: number): () => Usage {
  const before = new Map<number, CpuTime | undefined>();
  for (const one of [{ pid }, ...below(pid)]) before.set(one.pid, cpuOf(one.pid));
  const since = (one: number): CpuTime => {
    const start = before.get(one);
    const now = cpuOf(one) ?? start ?? { userMs: 0, systemMs: 0 };
    return {
      userMs: now.userMs - (start?.userMs ?? 0),
      systemMs: now.systemMs - (start?.systemMs ?? 0),
    };
  };
  return () => {
    const main = since(pid);
    const children = new Map<string, number>();
    for (const child of below(pid))
      children.set(child.name, (children.get(child.name) ?? 0) + total(since(child.pid)));
    const treeMs = [...children.values()].reduce((sum, ms) => sum + ms, total(main));
    return { main, children, treeMs };
  };
}

/** How long its main thread has been ready and another had the processor, ms since its start. */
export function waitedMs(pid: number): number {
  const [, waitedNs] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'latin1').split(' ');
  return Number(waitedNs) / 1e6;
}

/** PSS of the process and of everything below it with it, MiB. */
export function memory(pid: number): { mainMiB: number; treeMiB: number } {
  const mainMiB = pssOf(pid);
  return { mainMiB, treeMiB: below(pid).reduce((sum, child) => sum + pssOf(child.pid), mainMiB) };
}
