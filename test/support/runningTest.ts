/**
 * Writes the name of each test down before it starts. A test that never yields keeps its worker from reporting
 * anything, and then `scripts/test.mjs` reads the name from here.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach } from 'vitest';

const folder = process.env['GL_TEST_RUN'];
if (folder !== undefined) {
  beforeEach(({ task }) => {
    writeFileSync(join(folder, String(process.pid)), `${task.file.name} > ${task.fullTestName}`);
  });
}
