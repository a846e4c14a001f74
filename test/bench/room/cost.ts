/** What cancelling costs: the same conversation in the same room with and without it, processes compared. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { startLiveServer } from '../../../src/server/server.ts';
import { BIN } from '../../support/cli.ts';
import { openLiveRoom, type LiveRoomOptions } from '../../support/liveRoom.ts';
import type { SoundServer } from '../../support/soundServer.ts';
import { until } from '../../support/until.ts';
import { countCpu, memory } from '../processes.ts';

const MONITOR = join(import.meta.dirname, 'loopMonitor.cjs');
const WARM_UP_MS = 6000;

/** Of the main process: percent of a core, MiB (PSS), and how late its main thread was. */
export type Cost = { cpuPct: number; mainMiB: number; lateP999Ms: number; lateMaxMs: number };

export async function measureCost(
  sound: SoundServer,
  options: LiveRoomOptions,
  echo: 'aec' | 'off',
  seconds: number,
): Promise<Cost> {
  const live = await startLiveServer({ goAwaySeconds: 86_400 });
  await live.engines;
  const room = await openLiveRoom(sound, options);
  const folder = mkdtempSync(join(tmpdir(), 'bench-room-'));
  const file = join(folder, 'late.json');
  const words = ['--greet', 'count to one hundred', '--no-interrupt', '--echo', echo];
  const child = spawn(process.execPath, [BIN, 'talk', '--base-url', live.url, ...words], {
    env: {
      ...sound.environment,
      HOME: folder,
      GEMINI_API_KEY: 'bench',
      NODE_OPTIONS: `--require ${MONITOR}`,
      LOOP_DELAY_FILE: file,
    },
    stdio: 'ignore',
  });
  try {
    await until('the answer', () => room.playing);
    await pause(WARM_UP_MS);
    const startMs = performance.now();
    const used = countCpu(child.pid!);
    await pause(seconds * 1000);
    const { main } = used();
    const cpuPct = (100 * (main.userMs + main.systemMs)) / (performance.now() - startMs);
    const { mainMiB } = memory(child.pid!);
    child.kill('SIGINT');
    await once(child, 'exit');
    const { p999, max } = JSON.parse(readFileSync(file, 'utf8')) as { p999: number; max: number };
    return { cpuPct, mainMiB, lateP999Ms: p999, lateMaxMs: max };
  } finally {
    child.kill('SIGKILL');
    await room.close();
    await live.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
