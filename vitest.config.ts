import { defineConfig } from 'vitest/config';

/**
 * The end of a file's name says how it runs:
 *
 *   X.test.ts                a result that does not depend on the speed of the machine
 *   X.conversation.test.ts   the one conversation on a real sound server that `npm test` has
 *   X.slow.test.ts           takes long
 *   X.device.test.ts         sound devices, in real time that may be a little late
 *   X.realtime.test.ts       measures sound or time: nothing may run beside it
 *
 * `npm test` runs the first two, `npm run test:all` the others.
 */
const suffixes = ['conversation', 'slow', 'device', 'realtime'] as const;

const common = {
  testTimeout: 60_000,
  hookTimeout: 60_000,
  expect: { poll: { timeout: 60_000 } },
  setupFiles: ['test/support/runningTest.ts'],
};

/** One after the other: `order` counts from 0. */
const project = (
  name: string,
  order: number,
  files: { include: string[]; exclude?: string[] },
  workers: number,
) => ({
  test: {
    ...common,
    name,
    ...files,
    maxWorkers: workers,
    ...(workers === 1 ? { fileParallelism: false } : { maxConcurrency: 2 * workers }),
    sequence: { groupOrder: order },
  },
});

const only = (suffix: string) => ({ include: [`test/**/*.${suffix}.test.ts`] });

export default defineConfig({
  test: {
    projects: [
      project(
        'unit',
        0,
        {
          include: ['test/**/*.test.ts'],
          exclude: suffixes.map((suffix) => `test/**/*.${suffix}.test.ts`),
        },
        4,
      ),
      project('conversation', 1, only('conversation'), 1),
      // More workers than cores: these mostly wait.
      project('slow', 2, only('slow'), 4),
      project('device', 3, only('device'), 2),
      project('realtime', 4, only('realtime'), 1),
    ],
  },
});
