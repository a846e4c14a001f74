/**
 * `npm run bench`: gemlive beside bare Node, a bare `ws` loop, the official SDK and the official sample's
 * way, taking turns in one run. The tables go to stdout and, when they shall be kept, into
 * docs/performance.md.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { it } from 'vitest';

import { startSoundServer } from '../support/soundServer.ts';
import { measureIdle } from './idle.ts';
import { measureLatency } from './latency.ts';
import { startLiveServer } from './liveServer.ts';
import { replaceSection } from './report.ts';
import { measureStartUp } from './startUp.ts';
import { installMic, machine } from './machine.ts';
import { measureTwoWay } from './twoWay.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 300);
const PARTS = (process.env['BENCH_PARTS'] ?? 'startup,cpu,latency,idle').split(',');
const SAVES = process.env['BENCH_SAVE'] === '1';

it('measures gemlive', { timeout: 90 * 60_000 }, async () => {
  const micFolder = mkdtempSync(join(tmpdir(), 'gemlive-bench-'));
  const sound = await startSoundServer();
  const server = await startLiveServer();
  try {
    installMic(micFolder);
    const environment = { ...sound.environment, GEMINI_API_KEY: 'bench' };
    const place = { url: server.url, environment, micFolder };
    const parts: Record<string, () => Promise<string>> = {
      startup: () => measureStartUp(server, place),
      cpu: () =>
        measureTwoWay(
          { server, sound, place },
          { seconds: SECONDS, recording: join(ROOT, 'audio-fixtures', 'question.pcm') },
        ),
      latency: () => measureLatency(server, place, Math.min(SECONDS, 30)),
      idle: () => measureIdle(server, place),
    };
    for (const part of PARTS) {
      const section = await parts[part]?.();
      if (section === undefined) throw new Error(`no part of the bench: ${part}`);
      process.stdout.write(`${section}\n\n`);
      const text = `${section}\n\nMeasured on ${machine()}.`;
      if (SAVES)
        replaceSection('performance.md', `bench-${part}`, `npm run bench -- ${part}`, text);
    }
  } finally {
    server.close();
    await sound.stop();
    rmSync(micFolder, { recursive: true, force: true });
  }
});
