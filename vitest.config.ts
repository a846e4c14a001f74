import { defineConfig } from 'vitest/config';

/** Real sound in real time: these run one after the other, with nothing beside them. */
const ON_A_SOUND_SERVER = [
  'test/audio/{backends,player,recorder}*.test.ts',
  'test/audio/devices/**/*.test.ts',
  'test/e2e/{talk*,failuresSound,devices}.test.ts',
];

const limits = { testTimeout: 30_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...limits,
          name: 'any',
          include: ['test/**/*.test.ts'],
          exclude: ON_A_SOUND_SERVER,
          // Two cores: more workers would only make the real-time tests late.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...limits,
          name: 'sound',
          include: ON_A_SOUND_SERVER,
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
