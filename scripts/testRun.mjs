// What `scripts/test.mjs` knows of a run of vitest: which tests have ended, and how, and which are running.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MARK = 'GL_TEST_RUN';

export class TestRun {
  /** Where each worker writes the test it starts (test/support/runningTest.ts). */
  #folder = mkdtempSync(join(tmpdir(), 'gemlive-test-'));
  /** Every process of the run inherits it, so that a killed run leaves nothing behind. */
  environment = { [MARK]: this.#folder };
  #counts = { passed: 0, failed: 0, skipped: 0 };
  #files = 0;
  #filesEnded = 0;
  #failures = [];
  #flaky = [];
  #skipped = [];
  #running = new Set();
  /** Files whose tests have begun and not all ended. */
  #open = new Set();
  #stopped = false;

  /** One message of `testProgress.mjs`. */
  take(message) {
    if (this.#stopped) return;
    switch (message.type) {
      case 'files':
        this.#files = message.count;
        break;
      case 'file':
        this.#open.add(message.name);
        break;
      case 'started':
        this.#running.add(message.name);
        break;
      case 'result':
        this.#end(message);
        break;
      case 'fileEnd':
        this.#open.delete(message.name);
        this.#filesEnded += 1;
        if (message.errors > 0) this.#fail(`${message.name} (outside of its tests)`);
        break;
      case 'end':
        for (let i = 0; i < message.errors; i++) this.#fail('an error outside of all tests');
    }
  }

  #end({ name, state, flaky }) {
    this.#running.delete(name);
    if (state === 'failed') return this.#fail(name);
    this.#counts[state] += 1;
    if (flaky) this.#flaky.push(name);
    if (state === 'skipped') this.#skipped.push(name);
  }

  #fail(name) {
    this.#counts.failed += 1;
    this.#failures.push(name);
  }

  /** The run is going to be killed: what it says from now on is about its death. */
  stopped() {
    this.#stopped = true;
  }

  /** Prints the result. `why`: the run was ended before its end. Returns whether it failed. */
  report(why, hasFailed) {
    for (const name of this.#skipped) console.log(`skipped: ${name}`);
    for (const name of this.#flaky) console.log(`passed at a later try: ${name}`);
    if (why !== undefined) this.#explain(why);
    // vitest may fail for a reason of its own, such as a file pattern that matches nothing.
    else if (hasFailed && this.#failures.length === 0) this.#fail('vitest itself; see above');
    for (const name of this.#failures) console.log(`failed: ${name}`);
    rmSync(this.#folder, { recursive: true, force: true });
    const { passed, failed, skipped } = this.#counts;
    console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
    return failed > 0;
  }

  #explain(why) {
    console.log(`\nerror: the tests did not end: ${why}`);
    console.log(`  ${this.#filesEnded} of ${this.#files} files ended`);
    for (const name of this.#running) this.#fail(`${name} (was running)`);
    const started = readdirSync(this.#folder).map((pid) =>
      readFileSync(join(this.#folder, pid), 'utf8'),
    );
    for (const file of this.#open) {
      const isOf = (name) => name.startsWith(`${file} > `);
      if ([...this.#running].some(isOf)) continue;
      this.#fail(`${started.find(isOf) ?? file} (was running)`);
    }
    if (this.#failures.length === 0) this.#fail('no test was running');
  }

  /** Ends every process that carries the mark of this run. Only Linux tells the environment of a process. */
  killRemains() {
    if (process.platform !== 'linux') return;
    const mark = `${MARK}=${this.#folder}`;
    for (const entry of readdirSync('/proc')) {
      const pid = Number(entry);
      if (!Number.isInteger(pid) || pid === process.pid) continue;
      try {
        if (!readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark)) continue;
        process.kill(pid, 'SIGKILL');
        console.log(`still running, and ended: ${pid} ${commandOf(pid)}`);
      } catch {
        // It has ended meanwhile, or belongs to somebody else.
      }
    }
  }
}

function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
      .replaceAll('\0', ' ')
      .trim()
      .slice(0, 100);
  } catch {
    return '';
  }
}
