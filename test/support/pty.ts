/**
 * gemlive in a terminal of its own, by util-linux' `script`, which every Debian has: keys go in, what is
 * written to the screen comes out.
 */
import { execFileSync, spawn } from 'node:child_process';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { isAlive, programName } from './programs.ts';

const BIN = join(import.meta.dirname, '..', '..', 'bin', 'gemlive.js');

export type PtyOptions = {
  /** `LANG` and `TERM` are those of a terminal of today unless they stand here. */
  environment: Record<string, string>;
  columns?: number;
  rows?: number;
  /** Files of the working directory, by name. */
  files?: Record<string, string>;
};

export type Pty = {
  /** All that was written so far, escape sequences included. */
  output(): string;
  send(keys: string): void;
  /** Settles when `pattern` matches the text that came since `mark()`. Rejects after `timeoutMs` (60 s). */
  until(pattern: RegExp, timeoutMs?: number): Promise<void>;
  /** What was written so far does not count for `until` any more. */
  mark(): void;
  /** As when its window is dragged. */
  resize(columns: number, rows: number): void;
  /** To gemlive itself. */
  signal(name: NodeJS.Signals): void;
  /** Living processes below gemlive, by name. */
  children(): { pid: number; name: string }[];
  /** Exit code of gemlive, and the terminal's modes before and after it (`stty -a`). */
  ended: Promise<{ code: number | null; modes: { before: string; after: string } }>;
  /** Idempotent. Whatever still lives is killed. */
  close(): Promise<void>;
};

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

export function openPty(
  args: readonly string[],
  { environment, columns = 80, rows = 24, files = {} }: PtyOptions,
): Pty {
  const folder = mkdtempSync(join(tmpdir(), 'gemlive-pty-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const gemlive = [process.execPath, BIN, ...args].map(quoted).join(' ');
  const command = `stty cols ${columns} rows ${rows}; stty -a >before; ${gemlive}; code=$?; stty -a >after; exit $code`;
  const script = spawn('script', ['-qfec', command, '/dev/null'], {
    cwd: folder,
    env: { LANG: 'C.UTF-8', TERM: 'xterm-256color', ...environment, SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  let marked = 0;
  const watchers = new Set<() => void>();
  const wake = (): void => {
    for (const watcher of watchers) watcher();
  };
  script.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    wake();
  });
  script.stdin.on('error', () => {}); // it may have gone
  const read = (name: string): string => {
    try {
      return readFileSync(join(folder, name), 'latin1');
    } catch {
      return '';
    }
  };
  let over = false;
  const ended = new Promise<{ code: number | null; modes: { before: string; after: string } }>(
    (resolve) => {
      script.once('close', (code) => {
        over = true;
        resolve({ code, modes: { before: read('before'), after: read('after') } });
        wake();
      });
    },
  );
  const gemlivePid = (): number => {
    const found = below(script.pid ?? 0).find(({ pid }) => commandOf(pid).includes(BIN));
    if (!found) throw new Error('gemlive does not run');
    return found.pid;
  };
  const children = (): { pid: number; name: string }[] =>
    below(script.pid ?? 0)
      .filter(({ pid }) => isAlive(pid))
      .filter(({ name }) => name !== 'sh' && name !== 'node');
  return {
    output: () => output,
    send: (keys) => void script.stdin.write(keys),
    mark: () => void (marked = output.length),
    until: (pattern, timeoutMs = 60_000) =>
      new Promise((resolve, reject) => {
        const settle = (error?: Error): void => {
          clearTimeout(timer);
          watchers.delete(look);
          if (error) reject(error);
          else resolve();
        };
        const fail = (why: string): void =>
          settle(new Error(`${why}: no ${String(pattern)} in\n${plainText(output.slice(marked))}`));
        const look = (): void => {
          if (pattern.test(plainText(output.slice(marked)))) settle();
          else if (over) fail('it ended');
        };
        const timer = setTimeout(() => fail(`after ${timeoutMs} ms`), timeoutMs);
        watchers.add(look);
        look();
      }),
    resize: (width, height) => {
      const tty = readlinkSync(`/proc/${gemlivePid()}/fd/0`);
      execFileSync('stty', ['-F', tty, 'cols', `${width}`, 'rows', `${height}`]);
    },
    signal: (name) => void process.kill(gemlivePid(), name),
    children,
    ended,
    close: async () => {
      const left = below(script.pid ?? 0);
      script.kill('SIGKILL');
      for (const { pid } of left) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // Gone already.
        }
      }
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Its arguments; empty for one that has gone. */
function commandOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/** Without colours and cursor movement. */
export function plainText(output: string): string {
  // oxlint-disable-next-line no-control-regex
  return output.replace(/\x1b\[[0-?]*[ -/]*[@-~]/g, '').replaceAll('\r', '');
}

/** Processes started by `root`, or by what it started, from /proc. */
export function below(root: number): { pid: number; name: string }[] {
  const byParent = new Map<number, { pid: number; name: string }[]>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const name = programName(pid);
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      byParent.set(parent, [...(byParent.get(parent) ?? []), { pid, name }]);
    } catch {
      // Gone meanwhile.
    }
  }
  const found: { pid: number; name: string }[] = [];
  const look = (pid: number): void => {
    for (const child of byParent.get(pid) ?? []) {
      found.push(child);
      look(child.pid);
    }
  };
  look(root);
  return found;
}
