/** `gemlive doctor` on the network, the key and the model: the right cause first, and what helps. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, type CliOptions } from '../support/cli.ts';
import { certificateFor } from '../support/certificates.ts';
import { startConnectProxy, startTlsFront, type TlsFront } from '../support/connectProxy.ts';
import { toldBy, type Told } from '../support/doctor.ts';
import {
  isClosed,
  says,
  speaksNoTls,
  speaksTls,
  type FailingPlace,
} from '../support/failingPlaces.ts';
import { startHttpServer } from '../support/httpServer.ts';
import { startRawServer } from '../support/rawServer.ts';
import { startScriptedServer } from '../support/scriptedServer.ts';
import { startServing, type Serving } from '../support/serving.ts';

const HOST = 'generativelanguage.googleapis.com';
const KEY = 'AIzaSyDoctorDoctorDoctorDoctorDoctor12';

const folder = mkdtempSync(join(tmpdir(), 'gemlive-doctor-'));
const ca = join(folder, 'ca.pem');
let server: Serving;
let front: TlsFront;
beforeAll(async () => {
  server = await startServing('--key', KEY, '--allow-host', HOST);
  const certificate = certificateFor(HOST);
  writeFileSync(ca, certificate.cert);
  front = await startTlsFront(server.url, certificate);
});
afterAll(async () => {
  await front.close();
  await server.stop();
  rmSync(folder, { recursive: true });
});

const QUIET = ['doctor', '--no-mic', '--no-speaker', '--json', '--timeout', '5'];
const ask = async (args: string[], options: CliOptions = {}): Promise<Told> => {
  const env = { GEMINI_API_KEY: KEY, ...options.env };
  const told = toldBy(await runCli([...QUIET, ...args], { ...options, env }));
  expect(told.stdout).not.toContain(KEY);
  return told;
};
const at = (url: string): string[] => ['--base-url', url];
const NOT_ASKED = ['service –', 'model –', 'session –'];

describe.concurrent('a service', () => {
  it('that works: each step is told, and nothing else is sent', async () => {
    const asked: string[] = [];
    const middle = await startHttpServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.end(
        JSON.stringify({
          models: [
            { name: 'models/gemini-3.8-live', supportedGenerationMethods: ['bidiGenerateContent'] },
          ],
        }),
      );
    });
    const { trouble, of } = await ask(at(middle.url));
    await middle.close();
    // It is no Live server: the session is where that shows.
    expect(trouble).toEqual(['session ✗']);
    expect(of('session')).toMatchObject({ fix: [expect.stringMatching(/--base-url/)] });
    expect(asked).toEqual([
      'GET /v1beta/models?pageSize=1000',
      expect.stringMatching(/^GET \/ws\/.*BidiGenerateContent$/),
    ]);

    const good = await ask(at(server.url));
    expect([good.code, good.trouble]).toEqual([0, []]);
    expect(good.of('key').summary).toBe('API key …or12, GEMINI_API_KEY in the environment');
    expect(good.of('network').facts).toMatchObject({ tcpMs: expect.any(Number) });
    expect(good.of('service').facts['liveModels']).toContain('gemini-3.8-live');
    expect(good.of('session').summary).toMatch(/^opened in \d+ ms, and closed/);
  });

  it('that has sessions and no list of models', async () => {
    const gateway = await startScriptedServer(async (peer) => {
      await peer.next();
      peer.send({ setupComplete: {} });
    });
    const told = await ask(at(gateway.url));
    const count = gateway.count;
    await gateway.close();
    expect([told.code, told.trouble, count]).toEqual([0, [], 1]);
  });

  it('on this machine: no key, no network', async () => {
    const { code, trouble, checks } = await ask(['--local', '--stt', 'none', '--tts', 'none'], {
      env: { GEMINI_API_KEY: undefined },
    });
    expect(code).toBe(0);
    expect(trouble).toEqual(['engines !']);
    expect(checks.map(({ name }) => name)).not.toContain('network');
  });

  it('that does not know the key: exit 3, and where to get one', async () => {
    const told = await ask(at(server.url), { env: { GEMINI_API_KEY: `${KEY.slice(0, -1)}3` } });
    expect([told.code, told.trouble]).toEqual([3, ['service ✗', 'model –', 'session –']]);
    expect(told.of('service').summary).toMatch(/API key not valid/);
    expect(told.verdict['fix']).toMatch(/^(export|setx) GEMINI_API_KEY/);
    expect(told.of('service').fix.join()).toContain('https://aistudio.google.com/apikey');
  });

  it.each([
    ['gemini-3.8-liv', /there is no model gemini-3\.8-liv/],
    ['gemini-live-2.5-flash-preview', /has been shut down/],
    ['gemini-flash-latest', /is no Live model/],
  ])('that has no Live model %s: exit 6, and one that is there', async (model, says) => {
    const told = await ask([...at(server.url), '--model', model]);
    expect([told.code, told.verdict['cause']]).toEqual([6, 'model']);
    expect(told.of('model').summary).toMatch(says);
    expect(told.verdict['fix']).toBe('gemlive talk --model gemini-3.8-live');
  });

  it('that wants an ephemeral token: it is not used up', async () => {
    const told = await ask(at(server.url), { env: { GEMLIVE_TOKEN: 'auth_tokens/abcdefghijkl' } });
    expect([told.code, told.trouble]).toEqual([0, NOT_ASKED]);
    expect(told.of('service').summary).toMatch(/use the token up/);
  });

  it('of Vertex AI is asked by a session alone, and without a login says how to log in', async () => {
    const env = { GEMINI_API_KEY: undefined, GOOGLE_APPLICATION_CREDENTIALS: '/nowhere.json' };
    const told = await ask(['--vertex', '--project', 'p-1', ...at(server.url)], { env });
    expect([told.code, told.verdict['cause']]).toEqual([3, 'service']);
    expect(told.verdict['fix']).toBe('gcloud auth application-default login');
  });
});

it.concurrent('a session that does not come about is the cause, where nothing else could be asked', async () => {
  const server = await startHttpServer((_, response) => {
    response.writeHead(503).end();
  });
  const told = await ask(['--vertex', ...at(server.url)]);
  await server.close();
  expect([told.code, told.trouble]).toEqual([5, ['service –', 'model –', 'session ✗']]);
});

describe.concurrent('no key', () => {
  it('is exit 3 before anything is asked, and the way there is looked at', async () => {
    const closed = await startRawServer({});
    const told = await ask([], {
      env: { GEMINI_API_KEY: undefined, HTTPS_PROXY: closed.url },
    });
    await closed.close();
    expect([told.code, told.verdict['cause']]).toEqual([3, 'key']);
    expect(told.of('key').fix.join()).toContain('gemlive talk --local');
    expect(told.of('service').summary).toBe('not checked: no key');
  });

  it.each([['YOUR_API_KEY'], ['AIza']])('%s does not look like one', async (GEMINI_API_KEY) => {
    const told = toldBy(await runCli([...QUIET, ...at(server.url)], { env: { GEMINI_API_KEY } }));
    expect(told.trouble.slice(0, 2)).toEqual(['key !', 'service ✗']);
    expect(told.code).toBe(3);
  });

  it('with a letter that no header can carry', async () => {
    const told = await ask(at(server.url), { env: { GEMINI_API_KEY: 'AIzaSy\u00e4\u00f6' } });
    expect([told.code, told.trouble[0]]).toEqual([3, 'key ✗']);
  });
});

const canUnshare = spawnSync('unshare', ['-n', 'true']).status === 0;

describe.concurrent('the network', () => {
  it.skipIf(!canUnshare)('that is not there is said once', async () => {
    const bin = join(import.meta.dirname, '..', '..', 'bin', 'gemlive.js');
    const args = ['-n', process.execPath, bin, ...QUIET];
    const env = { PATH: process.env['PATH'] ?? '', HOME: folder, GEMINI_API_KEY: KEY };
    const { status, stdout, stderr } = spawnSync('unshare', args, {
      env,
      cwd: folder,
      encoding: 'utf8',
      timeout: 20_000,
    });
    const result = { code: status, signal: null, stdout, stderr, stdoutBytes: Buffer.from(stdout) };
    const told = toldBy(result);
    expect([told.code, told.trouble]).toEqual([5, ['network ✗', ...NOT_ASKED]]);
    expect(told.of('network').summary).toBe(
      'this machine has no network: none of its interfaces is up',
    );
    expect(told.of('service').summary).toBe('not checked: no network');
  });

  type Row = [what: string, place: () => Promise<FailingPlace>, says: RegExp, helps: RegExp];
  const PLACES: Row[] = [
    ['a closed port', isClosed, /refuses the connection/, /gemlive serve/],
    ['a certificate of nobody', speaksTls('127.0.0.1'), /not trusted/, /^(export|setx|security)/],
    [
      'an expired certificate',
      speaksTls('127.0.0.1', { days: -1, trusted: true }),
      /has expired/,
      /clock|hwclock|timedatectl|sntp|w32tm/,
    ],
    [
      'a certificate for another name',
      speaksTls('elsewhere.example', { trusted: true }),
      /for another name/,
      /log in there/,
    ],
    ['no TLS where there should be', speaksNoTls, /no secure connection/, /http:\/\//],
    [
      'a name that is none',
      async () => ({ url: 'https://nowhere.invalid', close: async () => {} }),
      /nowhere\.invalid (could not be|was not) looked up/,
      /./,
    ],
  ];
  it.each(PLACES)('%s: exit 5, and what helps', async (_, open, what, helps) => {
    const place = await open();
    const told = await ask(at(place.url), { ...(place.env && { env: place.env }) });
    await place.close();
    expect([told.code, told.trouble]).toEqual([5, ['network ✗', ...NOT_ASKED]]);
    expect(told.of('network').summary).toMatch(what);
    expect(told.verdict['fix']).toMatch(helps);
  });

  it('that shows a page in the place of the service is not mistaken for it', async () => {
    const portal = await startHttpServer((_, response) => {
      response.writeHead(302, { location: 'http://login.example/' }).end();
    });
    const told = await ask(at(portal.url));
    await portal.close();
    expect([told.code, told.verdict['cause']]).toEqual([5, 'session']);
    expect(told.verdict['fix']).toMatch(/log in/);
  });

  it('that swallows everything is waited for no longer than --timeout', async () => {
    const silent = await startRawServer({});
    const told = await ask([...at(silent.url.replace('http:', 'https:')), '--timeout', '1']);
    await silent.close();
    expect(told.of('network').summary).toMatch(/said nothing for 1 s/);
  });
});

describe.concurrent('a proxy', () => {
  const proxied = { NODE_EXTRA_CA_CERTS: ca };

  it('leads there, and who opens what is encrypted is named', async () => {
    const routes = { [`${HOST}:443`]: front.port };
    const proxy = await startConnectProxy({ routes, login: 'me:secret-word-1' });
    const HTTPS_PROXY = `http://me:secret-word-1@${proxy.host}`;
    const told = await ask([], { env: { ...proxied, HTTPS_PROXY } });
    await proxy.close();
    expect([told.code, told.trouble]).toEqual([0, ['network !']]);
    const { summary, facts } = told.of('network');
    expect(summary).toMatch(new RegExp(`opens what is encrypted.*${HOST} is by ${HOST}`));
    expect(facts).toMatchObject({ proxy: proxy.host, issuer: HOST, proxyMs: expect.any(Number) });
    expect(told.stdout).not.toMatch(/secret-word/);
    // Looked at, asked for models, opened a session.
    expect(proxy.asked).toHaveLength(3);
  });

  it('that reads along, and is not trusted', async () => {
    const proxy = await startConnectProxy({ routes: { [`${HOST}:443`]: front.port } });
    const told = await ask([], { env: { HTTPS_PROXY: `http://${proxy.host}` } });
    await proxy.close();
    expect([told.code, told.trouble]).toEqual([5, ['network ✗', ...NOT_ASKED]]);
    expect(told.of('network').facts['issuer']).toBe(HOST);
    expect(told.verdict['summary']).toMatch(/^somebody on the way opens what is encrypted/);
    expect(told.verdict['fix']).toMatch(/_CERT|ca\.pem/);
  });

  it.each([
    [407, /does not connect to .* \(HTTP 407\)/, /^export HTTPS_PROXY=http:\/\/USER:PASSWORD@/],
    [403, /HTTP 403/, /HTTPS_PROXY/],
    [502, /HTTP 502/, /HTTPS_PROXY/],
    [302, /HTTP 302/, /HTTPS_PROXY/],
  ])('that answers %i is the cause', async (status, what, helps) => {
    const proxy = await startConnectProxy({ status });
    const told = await ask([], { env: { HTTPS_PROXY: `http://me:secret-word-1@${proxy.host}` } });
    await proxy.close();
    expect([told.code, told.trouble]).toEqual([5, ['network ✗', ...NOT_ASKED]]);
    expect(told.of('network').summary).toMatch(what);
    expect(told.verdict['fix']).toMatch(helps);
    expect(told.stdout).not.toMatch(/secret-word/);
  });

  it('that says yes and shows a page of its own', async () => {
    const page = '<html><body>Please log in.</body></html>';
    const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n';
    const proxy = await says(`${head}${page}`)();
    const told = await ask([], { env: { HTTPS_PROXY: proxy.url } });
    await proxy.close();
    expect([told.code, told.trouble]).toEqual([5, ['network ✗', ...NOT_ASKED]]);
    expect(told.of('network').summary).toMatch(/the proxy 127.* answers in the place of/);
  });

  it('that is not there', async () => {
    const place = await isClosed();
    const told = await ask([], { env: { HTTPS_PROXY: place.url } });
    expect(told.trouble[0]).toBe('network ✗');
    expect(told.of('network').summary).toMatch(/refuses the connection/);
  });

  it('of a kind that is none is a mistake in the environment', async () => {
    const told = await ask([], { env: { HTTPS_PROXY: 'socks5://me:secret-word-1@x:1' } });
    expect([told.code, told.trouble]).toEqual([2, ['network ✗', ...NOT_ASKED]]);
    expect(told.stdout).not.toMatch(/secret-word/);
  });
});

describe.concurrent('settings that are broken', () => {
  it('are told, and do not end it', async () => {
    const config = join(folder, 'broken');
    mkdirSync(join(config, 'gemlive'), { recursive: true });
    writeFileSync(join(config, 'gemlive', 'config.json'), '{\n  "voice" "Leda"\n}');
    const told = await ask(at(server.url), { env: { XDG_CONFIG_HOME: config } });
    expect([told.code, told.verdict['cause']]).toEqual([2, 'settings']);
    expect(told.of('settings').summary).toMatch(/cannot use .*config\.json/);
    expect(told.of('service').summary).toMatch(/settings are to be mended/);
    expect(told.of('engines').status).toBe('ok');
  });

  it('of talk alone leave the rest as it is', async () => {
    const told = await ask(at(server.url), { env: { GEMLIVE_SEED: 'x' } });
    expect([told.code, told.trouble]).toEqual([2, ['settings ✗']]);
    expect(told.of('settings').summary).toMatch(
      /GEMLIVE_SEED in the environment does not take "x"/,
    );
  });

  it('of its own do not lead anywhere else', async () => {
    const env = { GEMLIVE_TIMEOUT: 'soon', GEMLIVE_BASE_URL: server.url };
    const told = toldBy(
      await runCli(['doctor', '--no-mic', '--no-speaker', '--json'], {
        env: { GEMINI_API_KEY: KEY, ...env },
      }),
    );
    expect([told.code, told.trouble[0]]).toEqual([2, 'settings ✗']);
    expect(told.of('network').status).toBe('skipped');
  });

  it('and a flag that is wrong is exit 2 as everywhere', async () => {
    const { code, stderr } = await runCli(['doctor', '--timeout', 'soon']);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/--timeout does not take "soon"/)]);
  });

  it('a name that is no setting, and a folder that cannot be written', async () => {
    const home = join(folder, 'home');
    mkdirSync(home);
    writeFileSync(join(home, 'file'), '');
    chmodSync(join(home, 'file'), 0o400);
    const env = { GEMLIVE_VOICEE: 'Kore', XDG_STATE_HOME: join(home, 'file') };
    const told = await ask(at(server.url), { env });
    expect([told.code, told.trouble]).toEqual([0, ['settings !']]);
    expect(told.of('settings').facts['warnings']).toEqual(['unknown_setting', 'state_unwritable']);
  });

  it.skipIf(process.getuid?.() !== 0)('a user without a home', async () => {
    const bin = join(import.meta.dirname, '..', '..', 'bin', 'gemlive.js');
    const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...QUIET, '--local'], {
      env: { PATH: process.env['PATH'] ?? '' },
      cwd: '/',
      uid: 54_321,
      encoding: 'utf8',
      timeout: 20_000,
    });
    const result = { code: status, signal: null, stdout, stderr, stdoutBytes: Buffer.from(stdout) };
    const told = toldBy(result);
    expect(told.code).toBe(0);
    expect(told.of('settings').facts['warnings']).toEqual(['state_unwritable']);
  });
});
