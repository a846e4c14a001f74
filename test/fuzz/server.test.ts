/** The built server on a real socket, and whatever a client may send. The long form is `npm run fuzz`. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { serve, type Served } from '../bench/server/subject.ts';
import { openSession } from '../support/liveClient.ts';
import { until } from '../support/until.ts';
import { fuzzServer } from './server/campaign.ts';

let server: Served;
beforeAll(async () => {
  server = await serve();
});
afterAll(async () => {
  expect(await server.stop()).toBe(0);
});

it('closes with the right code whatever comes, and holds nothing afterwards', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const idleFiles = server.openFiles();
  const { findings, ends } = await fuzzServer({ port: server.port, seed, inputs: 6000 });
  expect(findings, `seed ${seed}`).toEqual([]);
  expect(ends.get('1007')).toBeGreaterThan(50);
  expect(ends.get('1008')).toBeGreaterThan(0);
  expect(server.faults.filter((fault) => fault.includes('internal'))).toEqual([]);
  await until('all sockets are closed', () => server.openFiles() <= idleFiles + 1);
  // And it serves.
  const client = await openSession(`http://127.0.0.1:${server.port}`);
  client.send({ realtimeInput: { text: 'What is 2 plus 2?' } });
  await client.turn();
  await client.close();
});
