// `npm test`: everything, from a clean checkout. Arguments go to vitest (`npm test -- test/live`).
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, FOR_SPEAKER, installPackages, installPrograms, root, run } from './prepare.mjs';

const absent = await installPrograms([
  'pulseaudio',
  'pactl',
  'aplay',
  'sox',
  'flite',
  'pocketsphinx_continuous',
  'espeak-ng',
  'ffmpeg',
  'zsh',
  'fish',
  'groff',
  'pipewire',
  ...FOR_SPEAKER,
]);
// After them: npm builds `speaker` only where its headers are.
await installPackages();
const missing = absent.filter((program) => !FOR_SPEAKER.includes(program));
if (missing.length > 0 && process.env.CI === 'true') {
  console.error(
    `error: under CI every test must run, and these are missing: ${missing.join(', ')}`,
  );
  process.exit(1);
}
await build();

const folder = mkdtempSync(join(tmpdir(), 'gemlive-test-'));
const report = join(folder, 'report.json');
let failed = false;
try {
  await run(
    process.execPath,
    [
      join(root, 'node_modules', 'vitest', 'vitest.mjs'),
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...process.argv.slice(2),
    ],
    { show: true, timeoutMs: 20 * 60_000 },
  );
} catch {
  failed = true;
}
try {
  const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(
    readFileSync(report, 'utf8'),
  );
  for (const { status, fullName } of testResults.flatMap((file) => file.assertionResults))
    if (status === 'skipped' || status === 'pending') console.log(`skipped: ${fullName}`);
  console.log(
    `tests: ${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped`,
  );
} catch {
  failed = true;
}
rmSync(folder, { recursive: true, force: true });
process.exit(failed ? 1 : 0);
