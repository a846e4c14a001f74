import { describe, expect, it } from 'vitest';
import { MODELS } from '../../src/protocol/models.ts';
import { LIBRARY_VOICES, VOICES } from '../../src/protocol/voices.ts';
import { eventsIn, runCli } from '../support/cli.ts';

describe('gemlive voices', () => {
  it('lists them all with their style', async () => {
    const { code, stdout } = await runCli(['voices']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Kore +Firm$/m);
    expect(stdout.trimEnd().split('\n')).toHaveLength(VOICES.length + LIBRARY_VOICES.length);
  });

  it('as events', async () => {
    const events = eventsIn((await runCli(['voices', '--json'])).stdout);
    expect(events[0]).toEqual({
      type: 'voice',
      t: expect.any(Number),
      name: 'Zephyr',
      style: 'Bright',
      library: false,
    });
    expect(events).toHaveLength(VOICES.length + LIBRARY_VOICES.length);
  });
});

describe('gemlive models', () => {
  it('lists them all, marks the default, and what is not sure', async () => {
    const { stdout } = await runCli(['models']);
    for (const { id } of MODELS) expect(stdout).toMatch(new RegExp(`^${id}( |$)`, 'm'));
    expect(stdout).toMatch(/^gemini-3\.8-live \(default\)\n {2}current, /m);
    expect(stdout).toMatch(/thinking by itself \?/);
  });

  it('as events, with the source of each fact', async () => {
    const events = eventsIn((await runCli(['models', '--json'])).stdout);
    expect(events.map(({ id }) => id)).toEqual(MODELS.map(({ id }) => id));
    expect(events[0]).toMatchObject({
      type: 'model',
      default: true,
      status: 'current',
      thinking: { value: { kind: 'omit' }, source: 'model page', confidence: 'sure' },
    });
  });
});

describe('gemlive config', () => {
  it('as events: name, value and source', async () => {
    const { stdout } = await runCli(['config', '--json'], { env: { GEMLIVE_NO_MIC: '1' } });
    const events = eventsIn(stdout);
    const of = (name: string): unknown => events.find((event) => event['name'] === name);
    expect(of('mic')).toMatchObject({
      value: false,
      source: { layer: 'env', name: 'GEMLIVE_NO_MIC' },
    });
    expect(of('voice')).toMatchObject({ value: null, source: { layer: 'default' } });
    expect(of('json')).toMatchObject({ value: true, source: { layer: 'flag', name: '--json' } });
    expect(of('api-key')).toMatchObject({ value: null });
  });
});
