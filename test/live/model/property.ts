/** Nothing that happens to a session breaks what everybody relies on. */
import * as fc from 'fast-check';
import { settle } from './clock.ts';
import { steps, way } from './steps.ts';
import { World } from './world.ts';

export const sessionModel = fc.asyncProperty(way, steps, async (way, steps) => {
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', onUnhandled);
  try {
    const world = new World(way);
    if (way.underWay) {
      world.user.start('later');
      for (let i = 0; i < 2; i += 1) await world.take({ do: 'get on', settles: true });
    }
    for (const step of steps) await world.take(step);
    await world.heal();
    await world.finish();
    await settle();
    if (unhandled.length > 0) throw unhandled[0];
  } finally {
    process.off('unhandledRejection', onUnhandled);
  }
  return true;
});
