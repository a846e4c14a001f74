/** Who may use `gemlive serve`, as its options say: through the built program. */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { runCli, spawnCli } from '../support/cli.ts';
import { GEMINI_PATH, openClient } from '../support/liveClient.ts';
import { call } from '../support/rest.ts';

const QUICK = ['--port', '0', '--stt', 'none', '--tts', 'none'];
const LISTED = ['https://one.example', 'https://two.example', 'http://three.example:3000'];

async function withServer(
  args: string[],
  env: Record<string, string>,
  use: (url: string) => Promise<void>,
): Promise<{ code: number | null; stderr: string }> {
  const child = spawnCli(['serve', ...QUICK, ...args], { env });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  const closed = once(child, 'close');
  try {
    const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    await use(url);
  } finally {
    child.kill('SIGTERM');
  }
  const [code] = (await closed) as [number | null];
  return { code, stderr };
}

const statusFrom = async (url: string, headers: Record<string, string>): Promise<number> =>
  (await call(url, 'GET', '/v1beta/models', { headers })).status;

describe.concurrent('serve', () => {
  it('lets pages of allowed origins in, named by repeated options', async ({ expect }) => {
    const args = LISTED.flatMap((origin) => ['--allow-origin', origin]);
    const { code } = await withServer(args, {}, async (url) => {
      for (const origin of LISTED) {
        expect(await statusFrom(url, { origin })).toBe(200);
        await (await openClient(url, GEMINI_PATH, { origin })).close();
      }
      expect(await statusFrom(url, { origin: 'https://four.example' })).toBe(403);
    });
    expect(code).toBe(0);
  });

  it('or by the environment, with commas', async ({ expect }) => {
    const env = {
      GEMLIVE_ALLOW_ORIGIN: LISTED.join(', '),
      GEMLIVE_ALLOW_HOST: 'voice.example,other.example',
    };
    await withServer([], env, async (url) => {
      for (const origin of LISTED) expect(await statusFrom(url, { origin })).toBe(200);
      expect(await statusFrom(url, { host: 'other.example' })).toBe(200);
      expect(await statusFrom(url, { host: 'four.example' })).toBe(403);
    });
  });

  it('tells of what broke over plain HTTP, and keeps the key to itself', async ({ expect }) => {
    const llm = 'exit 3';
    const { stderr } = await withServer(['--key', 'my-key', '--llm', llm], {}, async (url) => {
      const reply = await call(url, 'POST', '/v1beta/models/gemini-pro-latest:generateContent', {
        headers: { 'x-goog-api-key': 'my-key' },
        body: { contents: [{ parts: [{ text: 'hi' }] }] },
      });
      expect(reply.status).toBe(500);
    });
    expect(stderr).toMatch(/^http: internal: /m);
    expect(stderr).not.toContain('my-key');
  });

  it.each([
    [['--allow-origin', '*'], /--key/],
    [['--allow-origin', 'one.example'], /https:\/\/app\.example/],
    [['--allow-host', 'http://one.example'], /without scheme or port/],
    [['--allow-host', ''], /name of a host/],
  ])('%j is refused with 2 and a way out', async (args, hint) => {
    const { code, stdout, stderr } = await runCli(['serve', ...QUICK, ...args]);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^error: /);
    expect(stderr).toMatch(hint);
  });
});
