/**
 * `npm run bench:server`: how many the local server serves at once, and how soon. The tables go to stdout and,
 * when they shall be kept, into docs/server-performance.md.
 */
import { expect, it } from 'vitest';
import { machine } from '../machine.ts';
import { replaceSection } from '../report.ts';
import { measureIdle, measureNeighbours, measureTurnover } from './crowds.ts';
import { startClients } from './subject.ts';
import { measureTalking, problems } from './talking.ts';

const SESSIONS = Number(process.env['BENCH_SESSIONS'] ?? 500);
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 60);
const IDLE = Number(process.env['BENCH_IDLE'] ?? 5000);
const PARTS = (process.env['BENCH_PARTS'] ?? 'talking,idle,turnover,neighbours').split(',');
const SAVES = process.env['BENCH_SAVE'] === '1';

it('measures the server', { timeout: 30 * 60_000 }, async () => {
  const clients = await startClients();
  const parts: Record<string, () => Promise<string>> = {
    talking: () => measureTalking(clients, { sessions: SESSIONS, seconds: SECONDS }),
    idle: () => measureIdle(clients, IDLE),
    turnover: () => measureTurnover(clients, IDLE),
    neighbours: () => measureNeighbours(clients),
  };
  try {
    for (const part of PARTS) {
      const section = await parts[part]?.();
      if (section === undefined) throw new Error(`no part of the bench: ${part}`);
      process.stdout.write(`${section}\n\n`);
      const text = `${section}\n\nMeasured on ${machine()}.`;
      if (SAVES)
        replaceSection('server-performance.md', part, `npm run bench:server -- ${part}`, text);
    }
    expect(problems).toEqual([]);
  } finally {
    clients.stop();
  }
});
