// The clients of the bench, in a process of their own: forked by loadClient.ts, which sends jobs and gets results.
import { holdIdle, openAndClose } from './crowd.mjs';
import { misbehave } from './neighbours.mjs';
import { stream } from './stream.mjs';

const JOBS = { stream, holdIdle, openAndClose, misbehave };

process.on('disconnect', () => process.exit(0));
process.on(
  'message',
  (/** @type {{ id: number, job: keyof typeof JOBS, options: any }} */ order) => {
    const { id, job, options } = order;
    JOBS[job](options, (/** @type {unknown} */ progress) => process.send?.({ id, progress })).then(
      (result) => process.send?.({ id, result }),
      (error) => process.send?.({ id, error: String(error?.stack ?? error) }),
    );
  },
);
process.send?.({ ready: true });
