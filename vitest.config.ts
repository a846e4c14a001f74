import { defineConfig } from 'vitest/config';

/** Every block must be heard when it is due: these run one after the other, with nothing beside them. */
const EXACT = [
  'test/audio/{backends,player,playerLife,playerNetwork,recorder}.test.ts',
  'test/audio/devices/**/*.test.ts',
  'test/e2e/{talk,talkDeadTurn}.test.ts',
];

/** Sound in real time that may come a little late: they mostly wait. */
const PATIENT = [
  'test/audio/*Recovery.test.ts',
  'test/echo/talkEcho.test.ts',
  'test/e2e/{talk*,devices*,doctorSound,failuresSound}.test.ts',
];

/** Turns of the local server in their real length, without a device: they wait for nearly all of their time. */
const WAITING = [
  // These compute while the others wait.
  'test/echo/{canceller,early}.test.ts',
  'test/turns/bargeIn.test.ts',
  'test/conformance/*.test.ts',
  'test/live/{recovery,transparent}.test.ts',
  'test/soak/realTime.test.ts',
  'test/server/{engines,llm,restSafety,resumption,script*,tools,turns}.test.ts',
  'test/e2e/{continue,doctorNetwork,failuresFiles,fallback,file,modelJobs,reconnect,repl,serveScript,soundCommands,vertex}.test.ts',
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
          exclude: [...EXACT, ...PATIENT, ...WAITING],
          // Two cores: more workers would only make the real-time tests late.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...limits,
          name: 'waiting',
          include: WAITING,
          maxWorkers: 6,
          maxConcurrency: 6,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...limits,
          name: 'patient',
          include: PATIENT,
          exclude: EXACT,
          maxWorkers: 4,
          maxConcurrency: 8,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...limits,
          name: 'exact',
          include: EXACT,
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
