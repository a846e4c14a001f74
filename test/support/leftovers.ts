/** What a run may leave behind: processes, found by a mark in their environment, and temporary files. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, programName } from './programs.ts';

export type Surroundings = {
  /** Belongs to this run alone; it is also the place for its output. */
  folder: string;
  /** For the run: it carries the mark, and a TMPDIR of its own. */
  env: Record<string, string>;
  /** Command lines of processes of this run that still live after two seconds. Linux only, else none. */
  processes(): Promise<string[]>;
  /** Living processes of this run that are called `name`. */
  pidsOf(name: string): number[];
  /** Temporary files and folders of gemlive; libpulse leaves one of its own. */
  temporaries(): string[];
  remove(): void;
};

let count = 0;

export function surroundings(): Surroundings {
  const folder = mkdtempSync(join(tmpdir(), 'gl-run-'));
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  count += 1;
  const mark = `gemlive-test-${process.pid}-${count}`;
  return {
    folder,
    env: { TMPDIR: temporary, GL_TEST_MARK: mark },
    processes: async () => {
      for (let i = 0; i < 100 && marked(mark).length > 0; i++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return marked(mark).map((pid) => procFile(pid, 'cmdline').replaceAll('\0', ' '));
    },
    pidsOf: (name) => marked(mark).filter((pid) => programName(pid) === name),
    temporaries: () => readdirSync(temporary).filter((name) => !name.startsWith('pulse-')),
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }),
  };
}

function marked(mark: string): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && isAlive(pid))
    .filter((pid) => `${procFile(pid, 'environ')}\0`.includes(`GL_TEST_MARK=${mark}\0`));
}

function procFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1');
  } catch {
    return ''; // gone meanwhile
  }
}
