// For live-server.vitest.mjs, whose name vitest does not look for by itself.
import { defineConfig } from 'vitest/config';

// oxlint-disable-next-line import/no-default-export -- vitest wants it so
export default defineConfig({
  test: { dir: import.meta.dirname, include: ['**/*.vitest.mjs'] },
});
