// A vitest reporter that sends each step to `scripts/test.mjs`. That script can then name what was running
// when the run ends without a report: at the time limit, or when somebody kills it.

const send = (message) => process.send?.(message);
const place = (test) => `${test.module.relativeModuleId} > ${test.fullName}`;

export default class TestProgress {
  onTestRunStart(specifications) {
    send({ type: 'files', count: specifications.length });
  }

  onTestModuleStart(module) {
    send({ type: 'file', name: module.relativeModuleId });
  }

  onTestCaseReady(test) {
    send({ type: 'started', name: place(test) });
  }

  onTestCaseResult(test) {
    const { flaky } = test.diagnostic() ?? {};
    send({ type: 'result', name: place(test), state: test.result().state, flaky });
  }

  onTestModuleEnd(module) {
    // A file that cannot be loaded, or whose hooks fail, has errors that belong to no test.
    const suites = [...module.children.allSuites()];
    const errors = [module, ...suites].flatMap((part) => part.errors()).length;
    send({ type: 'fileEnd', name: module.relativeModuleId, errors });
  }

  onTestRunEnd(_modules, unhandledErrors) {
    send({ type: 'end', errors: unhandledErrors.length });
  }
}
