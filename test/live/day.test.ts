/** Hours of talk on a network that fails all the time, on a clock of our own; `npm run soak` lives a whole day. */
import { expect, it } from 'vitest';
import { liveADay } from './day.ts';

const HOURS = Number(process.env['SOAK_HOURS'] ?? 2);
const SEED = Number(process.env['GL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

it(
  'every utterance is answered once, whole; no reply is heard twice',
  { timeout: 600_000 },
  async () => {
    const day = await liveADay({ hours: HOURS, seed: SEED });
    console.log(`seed ${SEED}`, {
      ...day,
      gapsMs: day.gapsMs.length,
      wrong: day.wrong.slice(0, 20),
    });
    expect(day.ended).toBeUndefined();
    expect(day.replyFaults).toBe(0);
    expect(day.wrong).toEqual([]);
    expect(day.well + day.dropped).toBe(day.utterances);
    expect(day.dropped).toBeLessThan(0.02 * day.utterances);
  },
);
