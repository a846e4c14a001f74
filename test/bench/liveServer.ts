/** The bench's side of subjects/server.mjs: how it shall behave, and what it saw. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export const SUBJECTS = join(import.meta.dirname, 'subjects');

export type Behaviour = {
  /** Length of a turn's sound; 0: it never speaks. */
  turnMs: number;
  pauseMs: number;
  marks: boolean;
};

export const SILENT: Behaviour = { turnMs: 0, pauseMs: 0, marks: false };
/** Sound without an end, in turns as long as a longer answer. */
export const TALKATIVE: Behaviour = { turnMs: 12_000, pauseMs: 0, marks: false };
export const MARKED: Behaviour = { turnMs: 1_600, pauseMs: 600, marks: true };

type Report =
  | { type: 'listening'; port: number }
  | { type: 'setup'; atMs: number }
  | { type: 'marked'; delayMs: number }
  | { type: 'closed'; frames: number };

export type LiveServer = {
  url: string;
  behave(behaviour: Behaviour): void;
  /** Settles with the moment of the next setup frame (`process.hrtime`, ms). Rejects after 20 s. */
  nextSetup(): Promise<number>;
  /** Settles with the audio frames that came over the next connection to close. Rejects after 20 s. */
  nextClose(): Promise<number>;
  /** Delays of marked frames since it was last asked, ms. */
  takeDelays(): number[];
  close(): void;
};

export async function startLiveServer(): Promise<LiveServer> {
  const child = fork(join(SUBJECTS, 'server.mjs'), { stdio: 'inherit' });
  const delays: number[] = [];
  let onSetup = (_atMs: number): void => {};
  let onClosed = (_frames: number): void => {};
  const [first] = (await once(child, 'message')) as [Report];
  if (first.type !== 'listening') throw new Error(`not a port: ${JSON.stringify(first)}`);
  child.on('message', (report: Report) => {
    if (report.type === 'setup') onSetup(report.atMs);
    if (report.type === 'marked') delays.push(report.delayMs);
    if (report.type === 'closed') onClosed(report.frames);
  });
  const within = (
    what: string,
    listen: (settle: (value: number) => void) => void,
  ): Promise<number> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no ${what} within 20 s`)), 20_000);
      listen((value) => {
        clearTimeout(timer);
        resolve(value);
      });
    });
  return {
    url: `http://127.0.0.1:${first.port}`,
    behave: (behaviour) => void child.send(behaviour),
    nextSetup: () => within('setup frame', (settle) => (onSetup = settle)),
    nextClose: () => within('closed connection', (settle) => (onClosed = settle)),
    takeDelays: () => delays.splice(0),
    close: () => child.disconnect(),
  };
}
