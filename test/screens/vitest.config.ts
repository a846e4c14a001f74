import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { include: ['test/screens/take.ts'] } });
