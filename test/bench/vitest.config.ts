import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/bench/{*,{voice,server}/*Bench}.ts', 'test/soak/*Bench.ts'],
    exclude: ['**/*.config.ts'],
  },
});
