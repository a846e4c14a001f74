/** On the way to the service: a proxy (a real one, with CONNECT) and certificates of one's own, through the built program. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, type CliResult } from '../support/cli.ts';
import { certificateFor } from '../support/certificates.ts';
import {
  startConnectProxy,
  startTlsFront,
  type ProxyRules,
  type TlsFront,
} from '../support/connectProxy.ts';
import { startRawServer } from '../support/rawServer.ts';
import { startServing, type Serving } from '../support/serving.ts';
import { until } from '../support/until.ts';

const HOST = 'generativelanguage.googleapis.com';
const KEY = 'the-key-behind-the-proxy-1';
const ANSWER = '12 times 12 is 144.\n';

const folder = mkdtempSync(join(tmpdir(), 'gemlive-proxy-'));
const ca = join(folder, 'ca.pem');
let server: Serving;
let front: TlsFront;
let routes: Record<string, number>;
beforeAll(async () => {
  server = await startServing('--key', KEY, '--allow-host', HOST);
  const certificate = certificateFor(HOST);
  writeFileSync(ca, certificate.cert);
  front = await startTlsFront(server.url, certificate);
  routes = { [`${HOST}:443`]: front.port };
});
afterAll(async () => {
  await front.close();
  await server.stop();
  rmSync(folder, { recursive: true });
});

type Way = { rules?: ProxyRules; env?: Record<string, string>; args?: string[] };

/** One question to the service by its own name. `PROXY` in the environment stands for the proxy's address. */
async function ask({
  rules = { routes },
  env = {},
  args = [],
}: Way): Promise<CliResult & { asked: string[] }> {
  const proxy = await startConnectProxy(rules);
  const given = Object.entries(env).map(([name, value]) => [
    name,
    value.replace('PROXY', proxy.host),
  ]);
  const question = args.length > 0 ? args : ['chat', 'what is 12 times 12'];
  const result = await runCli([...question, '--timeout', '5'], {
    env: {
      GEMINI_API_KEY: KEY,
      NODE_EXTRA_CA_CERTS: ca,
      ...(Object.fromEntries(given) as Record<string, string>),
    },
  });
  await proxy.close();
  return { ...result, asked: proxy.asked };
}

describe.concurrent('a proxy', () => {
  it.each([
    ['HTTPS_PROXY', 'http://PROXY'],
    ['https_proxy', 'http://PROXY/'],
    ['ALL_PROXY', 'PROXY'],
  ])('of %s=%s leads to the service', async (name, value) => {
    const { code, stdout, stderr, asked } = await ask({ env: { [name]: value } });
    expect([code, stdout, stderr, asked]).toEqual([0, ANSWER, '', [`${HOST}:443`]]);
  });

  it('leads there for plain HTTP too: a token, the models', async () => {
    const env = { HTTPS_PROXY: 'http://PROXY' };
    const token = await ask({ env, args: ['token'] });
    expect([token.code, token.stdout]).toEqual([0, expect.stringMatching(/^auth_tokens\//)]);
    const models = await ask({ env, args: ['models', '--remote'] });
    expect([models.code, models.stdout]).toEqual([0, expect.stringContaining('gemini-3.8-live')]);
    expect([...token.asked, ...models.asked]).toEqual([`${HOST}:443`, `${HOST}:443`]);
  });

  it('gets the user and the password that stand in it, and nobody else sees them', async () => {
    const rules = { routes, login: 'anna:p@ss/word 1' };
    const env = {
      HTTPS_PROXY: `http://anna:${encodeURIComponent('p@ss/word 1')}@PROXY`,
      // Some libraries tell their log where they connect to, and as whom.
      DEBUG: '*',
    };
    const { code, stdout, stderr } = await ask({ rules, env });
    expect([code, stdout]).toEqual([0, ANSWER]);
    expect(stderr).not.toMatch(/p@ss|p%40ss/);
    expect(stderr).not.toContain(Buffer.from('anna:p@ss/word 1').toString('base64'));
  });

  it.each([
    [407, /wants a user and a password[^]*try: set HTTPS_PROXY=http:\/\/USER:PASSWORD@/],
    [403, /its rules do not allow it[^]*try: check HTTPS_PROXY/],
    [502, /cannot reach that host[^]*try: check HTTPS_PROXY/],
  ])('that answers %i is exit 5 in plain words, for both ways', async (status, words) => {
    const env = { HTTPS_PROXY: 'http://me:secret-word-1@PROXY' };
    for (const args of [
      ['chat', 'hi', '--debug'],
      ['token', '--debug'],
    ]) {
      const { code, stdout, stderr } = await ask({ rules: { status }, env, args });
      expect([code, stdout]).toEqual([5, '']);
      expect(stderr).toMatch(words);
      expect(stderr).toMatch(new RegExp(`error: the proxy 127[^\n]*${HOST}[^\n]*HTTP ${status}`));
      expect(stderr).not.toMatch(/secret-word|\bme\b/);
    }
  });

  it('that is silent is waited for no longer than --timeout, and let go', async () => {
    let open = 0;
    const silent = await startRawServer({
      onConnection: (socket) => {
        open += 1;
        socket.on('close', () => (open -= 1));
      },
    });
    const env = { HTTPS_PROXY: silent.url, GEMINI_API_KEY: KEY };
    for (const command of ['chat', 'token']) {
      const args = command === 'chat' ? [command, 'hi'] : [command];
      const { code, stderr } = await runCli([...args, '--timeout', '1'], { env, timeoutMs: 8_000 });
      expect([code, stderr]).toEqual([5, expect.stringContaining('within 1 s')]);
    }
    expect(silent.count).toBe(2);
    await until('nothing is open', () => open === 0);
    await silent.close();
  });

  it('that is not there is exit 5, and named', async () => {
    const env = { HTTPS_PROXY: 'http://me:secret-word-1@127.0.0.1:1' };
    const { code, stderr } = await ask({ env, args: ['chat', 'hi', '--debug', '--json'] });
    expect([code, stderr]).toEqual([5, expect.stringContaining('the proxy 127.0.0.1:1')]);
    expect(stderr).not.toContain('secret-word');
  });

  it.each(['socks5://me:secret-word-1@PROXY', 'http://', 'http://a b:secret-word-1@'])(
    'like %j is none: exit 2, and not repeated',
    async (address) => {
      const { code, stderr } = await ask({ env: { ALL_PROXY: address } });
      expect([code, stderr]).toEqual([2, expect.stringMatching(/proxy[^]*try: .*NO_PROXY/)]);
      expect(stderr).not.toContain('secret-word');
    },
  );

  it('is left out for what NO_PROXY names, and for this machine always', async () => {
    const env = {
      HTTPS_PROXY: 'http://PROXY',
      http_proxy: 'http://PROXY',
      ALL_PROXY: 'http://PROXY',
    };
    const direct = await ask({
      env: { ...env, NO_PROXY: 'example.com,.invalid' },
      args: ['chat', 'hi', '--base-url', 'https://gateway.invalid'],
    });
    expect([direct.code, direct.asked]).toEqual([5, []]);
    expect(direct.stderr).toContain('gateway.invalid');
    const place = ['--base-url', server.url];
    const here = await ask({ env, args: ['chat', 'what is 12 times 12', ...place] });
    expect([here.code, here.stdout, here.asked]).toEqual([0, ANSWER, []]);
    const token = await ask({ env, args: ['token', ...place] });
    expect([token.code, token.asked]).toEqual([0, []]);
  });

  it.each([[['--local']], [['--base-url', 'http://127.0.0.1:1']]])(
    'is not loaded where there is none, nor is a Google login: %j',
    async (place) => {
      const tell = new URL('../support/tellImports.mjs', import.meta.url).href;
      const { stderr } = await runCli(['chat', 'hi', ...place], { nodeArgs: ['--import', tell] });
      expect(stderr).toMatch(/^import .*\/bundle\/door-/m);
      expect(stderr).not.toMatch(
        /^import .*(google-auth-library|gaxios|agent-base|\/(tunnel|googleLogin|proxy)-)/m,
      );
    },
  );

  it('of a .env is ignored, and told', async () => {
    writeFileSync(join(folder, '.env'), 'HTTPS_PROXY=http://127.0.0.1:1\nSSL_CERT_FILE=/x.pem\n');
    const { code, stdout, stderr } = await runCli(['chat', 'what is 12 times 12', '--local'], {
      cwd: folder,
    });
    expect([code, stdout]).toEqual([0, ANSWER]);
    expect(stderr).toMatch(/ignored HTTPS_PROXY, SSL_CERT_FILE/);
  });
});

describe.concurrent('a certificate', () => {
  const viaProxy = { HTTPS_PROXY: 'http://PROXY' };

  it('that nobody vouches for is exit 5, and says what to set', async () => {
    const { code, stderr } = await ask({ env: { ...viaProxy, NODE_EXTRA_CA_CERTS: '' } });
    expect([code, stderr]).toEqual([5, expect.stringMatching(/try: .*NODE_EXTRA_CA_CERTS/)]);
  });

  it('may be vouched for by SSL_CERT_FILE, through a proxy and without', async () => {
    const own = { NODE_EXTRA_CA_CERTS: '', SSL_CERT_FILE: ca };
    const { code, stdout, stderr } = await ask({ env: { ...viaProxy, ...own } });
    expect([code, stdout, stderr]).toEqual([0, ANSWER, '']);
    const local = certificateFor('127.0.0.1');
    const file = join(folder, 'local.pem');
    writeFileSync(file, local.cert);
    const here = await startTlsFront(server.url, local);
    const args = ['chat', 'what is 12 times 12', '--base-url', `https://127.0.0.1:${here.port}`];
    const direct = await ask({ env: { ...own, SSL_CERT_FILE: file }, args });
    expect([direct.code, direct.stdout]).toEqual([0, ANSWER]);
    // The roots that everybody trusts are not all there is: the wrong file does not do.
    expect((await ask({ env: own, args })).code).toBe(5);
    await here.close();
  });

  it('file that holds none changes nothing, nor does one that cannot be read', async () => {
    const broken = join(folder, 'broken.pem');
    writeFileSync(broken, '-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n');
    for (const SSL_CERT_FILE of [broken, '/nowhere.pem', certificateOfOthers()]) {
      const { code, stdout } = await ask({ env: { ...viaProxy, SSL_CERT_FILE } });
      expect([code, stdout]).toEqual([0, ANSWER]);
    }
  });
});

function certificateOfOthers(): string {
  const file = join(folder, 'others.pem');
  writeFileSync(file, certificateFor('example.com').cert);
  return file;
}
