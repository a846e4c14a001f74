/** Field by field, by a bare client: what is taken without effect, what is refused, and every field with a wrong value. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Shape } from '../../src/server/schema.ts';
import { startLiveServer, type LiveServer } from '../../src/server/server.ts';
import { openClient, type LiveClient } from '../support/liveClient.ts';
import { fieldsOfSchema, messageWith } from './fieldLists.ts';
import { REFUSED, TAKEN } from './fields.ts';

let server: LiveServer;
beforeAll(async () => {
  server = await startLiveServer({ stt: 'none', tts: 'none' });
});
afterAll(() => server.close());

const schema = fieldsOfSchema();
const field = (name: string) => {
  const found = schema.get(name);
  if (!found) throw new Error(`the schema has no ${name}`);
  return found;
};

/** Sends a message by itself if it is a setup, else after one. */
async function send(
  message: object,
  { model, path }: { model?: string; path?: string } = {},
): Promise<LiveClient> {
  const client = await openClient(server.url, path);
  if ('setup' in message) {
    const { setup } = message;
    const isObject = typeof setup === 'object';
    client.send({ setup: isObject && model !== undefined ? { ...setup, model } : setup });
  } else {
    client.send({ setup: { model: 'models/gemini-3.8-live' } });
    await client.until(({ setupComplete }) => setupComplete !== undefined);
    client.send(message);
  }
  return client;
}

describe.concurrent('is taken, without effect:', () => {
  it.each(TAKEN.map((taken) => [taken.field, taken] as const))('%s', async (name, taken) => {
    const { value, beside } = taken;
    const message = messageWith(field(name), value, { beside });
    const client = await send(message, taken);
    if (!('setup' in message)) client.send({ realtimeInput: { text: 'say yes' } });
    const came = 'setup' in message ? 'setupComplete' : 'serverContent';
    await expect(client.until((got) => got[came] !== undefined)).resolves.toBeDefined();
    await client.close();
  });
});

describe.concurrent('is refused in a Live session:', () => {
  it.each(REFUSED)('%s', async (name) => {
    const client = await send(messageWith(field(name), {}));
    expect(await client.closed).toEqual({
      code: 1007,
      reason: 'Request contains an invalid argument.',
    });
  });
});

/** A value that no field of this shape takes. */
function wrong(shape: Shape): unknown {
  if (shape instanceof Set) return 'NOBODY';
  if (shape === 'struct' || shape === 'openApi') return 7;
  if (shape === 'string' || Array.isArray(shape) || typeof shape === 'object') return 7;
  if (shape === 'bytes') return '?';
  if (shape === 'bool' || shape === 'int' || shape === 'float') return 'x';
  return undefined;
}

const wrongs = [...schema].flatMap(([name, { shape }]) => {
  const value = wrong(shape);
  return value === undefined ? [] : [[name, JSON.stringify(value), value] as const];
});
const misspelt = [...schema.keys()].filter((name) => !REFUSED.includes(name));

describe.concurrent('is refused with 1007:', () => {
  it.each(wrongs)('%s of %s', async (name, _json, value) => {
    const client = await send(messageWith(field(name), value));
    const { code, reason } = await client.closed;
    expect({ code, reason }).toMatchObject({
      code: 1007,
      reason: expect.stringMatching(/^Invalid value at '/),
    });
  });

  it.each(misspelt)('%sX', async (name) => {
    const client = await send(messageWith(field(name), {}, { misspelt: true }));
    const { code, reason } = await client.closed;
    const key = field(name).path.at(-1)?.key ?? '';
    expect({ code, reason }).toMatchObject({
      code: 1007,
      reason: expect.stringContaining(`Unknown name "${key}X"`),
    });
  });
});
