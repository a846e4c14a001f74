/** `npm run soak:voice -- --minutes N`: talk for an hour, and nothing may grow. */
import { expect, it } from 'vitest';

import { startSoundServer } from '../../support/soundServer.ts';
import { median, table } from '../figures.ts';
import { machine } from '../machine.ts';
import { replaceSection } from '../report.ts';
import { soak, type SoakRow } from './soak.ts';

const MINUTES = Number(process.env['BENCH_MINUTES'] ?? 60);

const cells = (row: SoakRow): string[] => [
  String(row.minute),
  row.mainMiB.toFixed(1),
  row.treeMiB.toFixed(1),
  row.idlePct.toFixed(1),
  row.speakingPct.toFixed(1),
  String(row.descriptors),
  String(row.children),
];

it('talks on, and holds no more than before', { timeout: (MINUTES + 5) * 60_000 }, async () => {
  const sound = await startSoundServer();
  try {
    const rows = await soak(sound, MINUTES, (row) =>
      process.stderr.write(`${cells(row).join(' | ')}\n`),
    );
    const last = rows.at(-1)!;
    // Ten rows of an hour say as much as sixty.
    const shown = rows.filter(
      (row) => row.minute % Math.ceil(MINUTES / 10) === 0 || row.minute === 1 || row === last,
    );
    const text = [
      '### A long conversation',
      '',
      `\`talk\` in a terminal, the local Live server beside it in a process of its own; ${MINUTES} minutes of questions, answers and interruptions. MiB of proportional ` +
        `memory, percent of one core (main process); medians: ${median(rows.map((row) => row.idlePct)).toFixed(1)} % idle, ${median(rows.map((row) => row.speakingPct)).toFixed(1)} % speaking.`,
      '',
      table(
        ['minute', 'main process', 'tree', 'idle', 'speaking', 'open files', 'children'],
        shown.map(cells),
      ),
      '',
      `Measured on ${machine()}.`,
    ].join('\n');
    process.stdout.write(`${text}\n`);
    if (process.env['BENCH_SAVE'] === '1')
      replaceSection('voice.md', 'soak', 'npm run soak:voice', text);
    expect(last.mainMiB).toBeLessThan(80);
    expect(last.treeMiB).toBeLessThan(150);
    expect(last.descriptors).toBeLessThanOrEqual(rows[0]!.descriptors + 2);
    expect(last.children).toBe(rows[0]!.children);
  } finally {
    await sound.stop();
  }
});
