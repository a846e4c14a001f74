/** `gemlive serve` through the built program, with bare clients. */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { eventsIn, runCli, spawnCli } from '../support/cli.ts';
import { openClient, openSession, wordsOf } from '../support/liveClient.ts';

const QUICK = ['--port', '0', '--stt', 'none', '--tts', 'none'];

type Running = {
  url: string;
  stdout: () => string;
  stderr: () => string;
  end(signal: NodeJS.Signals): Promise<number | null>;
};

async function serve(...args: string[]): Promise<Running> {
  const child = spawnCli(['serve', ...QUICK, ...args]);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  const [first] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const url = args.includes('--json') ? (JSON.parse(first) as { url: string }).url : first;
  return {
    url,
    stdout: () => stdout,
    stderr: () => stderr,
    async end(signal) {
      child.kill(signal);
      const [code] = (await once(child, 'close')) as [number | null];
      return code;
    },
  };
}

describe.concurrent('serve', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'prints its URL alone, names its engines, and leaves on %s with 0 and 1001',
    async (signal) => {
      const server = await serve();
      expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
      const client = await openSession(server.url);
      client.send({ realtimeInput: { text: 'what is 12 times 12' } });
      expect(wordsOf(await client.turn())).toBe('12 times 12 is 144.');
      expect(await server.end(signal)).toBe(0);
      expect((await client.closed).code).toBe(1001);
      expect(server.stdout()).toBe(`${server.url}\n`);
      expect(server.stderr()).toBe('engines: ears none · brain built-in · voice none\n');
    },
  );

  it('with --json tells each session and each fault', async () => {
    const server = await serve('--json');
    const good = await openSession(server.url);
    await good.close();
    const bad = await openClient(server.url);
    bad.send({ setup: { model: 'models/none' } });
    await bad.closed;
    expect(await server.end('SIGTERM')).toBe(0);
    const events = eventsIn(server.stdout());
    expect(
      events.map(({ type, id, state }) => [type, id, state].filter(Boolean).join(' ')),
    ).toEqual([
      'listening',
      'session 1 open',
      'session 1 ready',
      'session 1 closed',
      'session 2 open',
      'fault 2',
      'session 2 closed',
      'end',
    ]);
    expect(events[2]).toMatchObject({ model: 'gemini-3.8-live' });
    expect(events[5]).toMatchObject({ message: expect.stringMatching(/1008.*not found/) });
    expect(events.at(-1)).toMatchObject({ exitCode: 0 });
  });

  it('says on stderr what a client did wrong', async ({ expect }) => {
    const server = await serve();
    const client = await openClient(server.url);
    client.send({ setup: { model: 'models/gemini-3.8-live', colour: 1 } });
    await client.closed;
    await expect.poll(server.stderr).toMatch(/session 1: .*Unknown name "colour" at 'setup'/);
    await server.end('SIGTERM');
  });

  it('says that other machines can reach it', async ({ expect }) => {
    const server = await serve('--host', '0.0.0.0', '--key', 'secret-of-mine');
    await expect.poll(server.stderr).toMatch(/warning: other machines can reach/);
    const port = new URL(server.url).port;
    const client = await openClient(`http://127.0.0.1:${port}`);
    client.send({ setup: { model: 'models/gemini-3.8-live' } });
    expect((await client.closed).code).toBe(1008);
    await server.end('SIGTERM');
    expect(server.stderr() + server.stdout()).not.toContain('secret-of-mine');
  });

  it('refuses a port in use and an unknown engine with 2, in three lines', async () => {
    const server = await serve();
    const { port } = new URL(server.url);
    for (const args of [
      ['serve', '--port', port],
      ['serve', '--port', '0', '--stt', 'telepathy'],
    ]) {
      const { code, stdout, stderr } = await runCli(args);
      expect(code).toBe(2);
      expect(stdout).toBe('');
      expect(stderr).toMatch(/^error: .*\n {2}try: .*\n$/);
    }
    await server.end('SIGTERM');
  });

  it('does not open a door for pages of somewhere else', async () => {
    const server = await serve();
    await expect(
      openClient(server.url, undefined, { origin: 'https://evil.example' }),
    ).rejects.toThrow(/403/);
    await server.end('SIGINT');
  });
});
