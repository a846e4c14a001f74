// Loaded before gemlive with NODE_OPTIONS: how late its main thread was, into the file that LOOP_DELAY_FILE names.
const { writeFileSync } = require('node:fs');
const { monitorEventLoopDelay } = require('node:perf_hooks');
const { isMainThread } = require('node:worker_threads');

const path = process.env.LOOP_DELAY_FILE;
if (path && isMainThread) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  // Its start is not what is measured.
  setTimeout(() => delay.enable(), 5000).unref();
  process.on('exit', () => {
    delay.disable();
    // A timer of a millisecond is due after that much in any case.
    /** @param {number} nanoseconds */
    const late = (nanoseconds) => nanoseconds / 1e6 - 1;
    writeFileSync(
      path,
      JSON.stringify({ p999: late(delay.percentile(99.9)), max: late(delay.max) }),
    );
  });
}
