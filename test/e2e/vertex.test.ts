/** Vertex AI through the built program: the local server's second path, and Google credentials made here. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventsIn, runCli, spawnCli, type CliResult } from '../support/cli.ts';
import {
  claimsIn,
  startGoogleStage,
  type GoogleStage,
  type StageOptions,
} from '../support/googleLogins.ts';
import { afterSetup, startScriptedServer } from '../support/scriptedServer.ts';
import { startServing, type Serving } from '../support/serving.ts';
import { until } from '../support/until.ts';

const BEARER = 'ya29.the-bearer-of-the-account';
const QUESTION = ['chat', 'what is 12 times 12'];
const ANSWER = '12 times 12 is 144.\n';
const VERTEX = ['--vertex', '--project', 'my-project', '--location', 'us-central1'];

const folder = mkdtempSync(join(tmpdir(), 'gemlive-vertex-'));
let server: Serving;
beforeAll(async () => {
  server = await startServing('--key', BEARER);
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

type Handshake = {
  url: string | undefined;
  headers: Record<string, unknown>;
  setup: Record<string, unknown>;
};

/** What one question shows of itself; it is answered with a close. */
async function handshakeOf(
  args: string[],
  env: Record<string, string>,
): Promise<Handshake & { result: CliResult }> {
  const seen: Handshake[] = [];
  const wire = await startScriptedServer(async (peer) => {
    const { setup } = (await peer.next()) as { setup: Record<string, unknown> };
    seen.push({ url: peer.request.url, headers: peer.request.headers, setup });
    peer.socket.close(1008, 'enough');
  });
  const result = await runCli([...QUESTION, ...args, '--base-url', wire.url, '--debug'], { env });
  await wire.close();
  if (!seen[0]) throw new Error(`nobody came: ${result.stderr}`);
  return { ...seen[0], result };
}

/** With a stage of its own. */
async function staged(
  options: StageOptions,
  use: (stage: GoogleStage, env: Record<string, string>) => Promise<void>,
): Promise<void> {
  const stage = await startGoogleStage(folder, options);
  try {
    await use(stage, { ...stage.env, GOOGLE_APPLICATION_CREDENTIALS: stage.account });
  } finally {
    await stage.close();
  }
}

describe('a service account', () => {
  it('signs for a token, which opens the session', async () => {
    await staged({ tokens: [BEARER] }, async ({ grants, asked }, env) => {
      const args = [...QUESTION, ...VERTEX, '--base-url', server.url, '--debug'];
      const { code, stdout, stderr } = await runCli(args, { env });
      expect([code, stdout, stderr]).toEqual([0, ANSWER, expect.not.stringContaining(BEARER)]);
      expect(claimsIn(grants[0])).toMatchObject({
        iss: 'robot@my-project.iam.gserviceaccount.com',
        scope: 'https://www.googleapis.com/auth/cloud-platform',
        aud: 'https://oauth2.googleapis.com/token',
      });
      // This machine is never reached through the proxy.
      expect(asked).toEqual(['oauth2.googleapis.com:443']);
    });
  });

  it('is asked anew when its token has expired before the next connection', async () => {
    const tokens = ['ya29.first-of-two', 'ya29.second-of-two'];
    await staged({ tokens, seconds: 1 }, async (_, env) => {
      const shown: (string | undefined)[] = [];
      const wire = await startScriptedServer(
        afterSetup(({ request, socket }) => {
          shown.push(request.headers.authorization);
          if (shown.length === 1) socket.close(1011, 'Internal error encountered.');
        }),
      );
      const quiet = ['--no-mic', '--no-speaker', '--debug', '--json'];
      const child = spawnCli(['talk', ...quiet, ...VERTEX, '--base-url', wire.url], { env });
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
      await until('it came back', () => shown.length === 2);
      const closed = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGTERM');
      await closed;
      await wire.close();
      expect(shown).toEqual(['Bearer ya29.first-of-two', 'Bearer ya29.second-of-two']);
      expect(output).not.toContain('of-two');
    });
  });

  it.each([
    [400, 3, /revoked/],
    [503, 5, /HTTP 503/],
  ])('whose token server says %i is exit %i', async (status, exitCode, words) => {
    await staged({ tokens: [status] }, async (_, env) => {
      const args = [...QUESTION, ...VERTEX, '--base-url', server.url, '--timeout', '5'];
      const { code, stderr } = await runCli(args, { env });
      expect(code).toBe(exitCode);
      expect(stderr).toMatch(words);
      expect(stderr).toMatch(/^error: [^\n]+\n( {2}why: [^\n]+\n)? {2}try: [^\n]+\n$/);
      if (exitCode === 3) expect(stderr).toContain('gcloud auth application-default login');
    });
  });

  it('whose token server is not to be reached is exit 5, and names what is missing', async () => {
    await staged({ tokens: [] }, async (_, env) => {
      const args = [...QUESTION, ...VERTEX, '--base-url', server.url, '--timeout', '5'];
      const away = { ...env, HTTPS_PROXY: 'http://me:secret-word-1@127.0.0.1:1' };
      const { code, stderr } = await runCli([...args, '--debug'], { env: away });
      expect([code, stderr]).toEqual([5, expect.stringContaining('the proxy 127.0.0.1:1')]);
      expect(stderr).not.toContain('secret-word-1');
    });
  });
});

describe('a login of gcloud', () => {
  it('is found where gcloud puts it, and pays with its quota project', async () => {
    await staged({ tokens: [BEARER] }, async ({ user, grants, env: way }) => {
      const home = join(folder, 'home');
      mkdirSync(join(home, '.config', 'gcloud'), { recursive: true });
      copyFileSync(user, join(home, '.config/gcloud/application_default_credentials.json'));
      const { headers, result } = await handshakeOf(VERTEX, { ...way, HOME: home });
      expect(headers).toMatchObject({
        authorization: `Bearer ${BEARER}`,
        'x-goog-user-project': 'quota-project',
      });
      expect(Object.fromEntries(grants[0] ?? [])).toMatchObject({
        grant_type: 'refresh_token',
        refresh_token: '1//the-refresh-token-of-the-user',
      });
      const told = result.stdout + result.stderr;
      for (const secret of [BEARER, '1//the-refresh', 'the-secret-of-the-client'])
        expect(told).not.toContain(secret);
    });
  });
});

describe('the hosts', () => {
  const HOSTS = [
    ['us-central1', 'us-central1-aiplatform.googleapis.com'],
    ['global', 'aiplatform.googleapis.com'],
    ['eu', 'aiplatform.eu.rep.googleapis.com'],
  ] as const;

  it.each(HOSTS)(
    'of %s is %s, reached by name, by TLS and through the proxy',
    async (location, host) => {
      const behind = await startServing('--key', BEARER, '--allow-host', host);
      const login = 'me:p@ss:word';
      try {
        await staged(
          { tokens: [BEARER], hosts: { [host]: behind.url }, login },
          async (stage, env) => {
            const args = [...QUESTION, '--vertex', '--project', 'p-1', '--location', location];
            const { code, stdout, stderr } = await runCli([...args, '--debug'], { env });
            expect([code, stdout]).toEqual([0, ANSWER]);
            expect(stage.asked).toEqual(['oauth2.googleapis.com:443', `${host}:443`]);
            expect(stderr).not.toMatch(/p@ss|p%40ss|word/);
          },
        );
      } finally {
        await behind.stop();
      }
    },
  );
});

describe('without a Google login', () => {
  it('it is exit 3, with the command that makes one, and no key goes there', async () => {
    const env = { GEMINI_API_KEY: 'a-key-of-mine-1234', METADATA_SERVER_DETECTION: 'none' };
    const { code, stdout, stderr } = await runCli([...QUESTION, ...VERTEX], { env });
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(
      /^error: .*no Google credentials.*\n {2}why: .*\n {2}try: gcloud auth application-default login\n$/,
    );
  });

  it('a file that is none is exit 3 and is named; the metadata server is looked for in silence', async () => {
    const env = { GOOGLE_APPLICATION_CREDENTIALS: join(folder, 'missing.json') };
    const { code, stderr } = await runCli([...QUESTION, ...VERTEX], { env });
    expect([code, stderr]).toEqual([3, expect.stringContaining('missing.json')]);
    expect((await runCli([...QUESTION, ...VERTEX, '--timeout', '9'])).code).toBe(3);
  });

  it('a project or a key is needed: exit 3', async () => {
    const { code, stderr } = await runCli([...QUESTION, '--vertex']);
    expect([code, stderr]).toEqual([3, expect.stringMatching(/--project ID.*GOOGLE_API_KEY/)]);
  });
});

describe('on the wire', () => {
  it('stand the path, the model and the login where Vertex AI has them', async () => {
    await staged({ tokens: [BEARER] }, async (_, env) => {
      const keyed = { ...env, GEMINI_API_KEY: 'not-used-here-1' };
      const { url, headers, setup, result } = await handshakeOf(VERTEX, keyed);
      expect(url).toBe('/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent');
      expect(headers['authorization']).toBe(`Bearer ${BEARER}`);
      expect(headers).not.toHaveProperty('x-goog-api-key');
      expect(setup['model']).toBe(
        'projects/my-project/locations/us-central1/publishers/google/models/gemini-3.8-live',
      );
      expect(result.stdout + result.stderr).not.toContain(BEARER);
    });
  });

  it('in express mode an API key does without a project', async () => {
    const env = { GOOGLE_API_KEY: 'AQ.the-express-key-9876', GEMLIVE_API_VERSION: 'v1' };
    const { url, headers, setup, result } = await handshakeOf(['--vertex'], env);
    expect(url).toBe('/ws/google.cloud.aiplatform.v1.LlmBidiService/BidiGenerateContent');
    expect(headers['x-goog-api-key']).toBe('AQ.the-express-key-9876');
    expect(headers).not.toHaveProperty('authorization');
    expect(setup['model']).toBe('publishers/google/models/gemini-3.8-live');
    expect(result.stderr).not.toContain('express-key');
    const args = [...QUESTION, '--vertex', '--base-url', server.url];
    const answered = await runCli(args, { env: { GEMINI_API_KEY: BEARER } });
    expect([answered.code, answered.stdout]).toEqual([0, ANSWER]);
    const wrong = await runCli(args, { env });
    expect([wrong.code, wrong.stderr]).toEqual([3, expect.stringContaining('API key not valid')]);
  });
});

describe('the environment', () => {
  const settingsOf = async (args: string[], env: Record<string, string>, cwd = folder) => {
    const { stdout, stderr } = await runCli(['config', '--json', ...args], { env, cwd });
    const rows = eventsIn(stdout).filter(({ type }) => type === 'setting');
    const valueOf = (name: string): unknown => rows.find((row) => row['name'] === name)?.['value'];
    return { valueOf, stderr };
  };

  it('may say so with the names of other Google tools, which are weaker than our own', async () => {
    const env = {
      GOOGLE_GENAI_USE_VERTEXAI: 'True',
      GOOGLE_CLOUD_PROJECT: 'theirs',
      GOOGLE_CLOUD_LOCATION: 'europe-west4',
    };
    const theirs = await settingsOf([], env);
    expect(['vertex', 'project', 'location', 'api-version'].map(theirs.valueOf)).toEqual([
      true,
      'theirs',
      'europe-west4',
      'v1beta1',
    ]);
    const ours = await settingsOf([], { ...env, GEMLIVE_VERTEX: '0', GEMLIVE_PROJECT: 'ours' });
    expect(['vertex', 'project'].map(ours.valueOf)).toEqual([false, 'ours']);
  });

  it("that other tools want otherwise is in nobody's way, but for Vertex AI", async () => {
    const env = {
      GOOGLE_GENAI_USE_VERTEXAI: 'maybe',
      GOOGLE_CLOUD_PROJECT: 'My Project',
      GOOGLE_CLOUD_LOCATION: 'EU',
    };
    const dry = [...QUESTION, '--dry-run'];
    const without = await runCli(dry, { env });
    expect([without.code, without.stderr]).toEqual([0, '']);
    const { code, stderr } = await runCli([...dry, '--vertex'], { env });
    expect([code, stderr]).toEqual([2, expect.stringContaining('GOOGLE_CLOUD_PROJECT in the env')]);
  });

  it('of a .env names no login, no place, and no server for the Google login', async () => {
    const cwd = mkdtempSync(join(folder, 'strange-'));
    writeFileSync(
      join(cwd, '.env'),
      [
        `GOOGLE_APPLICATION_CREDENTIALS=${join(folder, 'account.json')}`,
        'GEMLIVE_LOCATION=evil',
        'GEMLIVE_PROJECT=evil',
        `GEMLIVE_BASE_URL=${server.url}`,
        'GEMINI_API_KEY=key-of-the-stranger',
      ].join('\n'),
    );
    const env = { METADATA_SERVER_DETECTION: 'none' };
    const { stderr, code } = await runCli([...QUESTION, '--vertex', '--project', 'mine'], {
      cwd,
      env,
    });
    expect(code).toBe(3);
    for (const name of ['GOOGLE_APPLICATION_CREDENTIALS', 'GEMLIVE_LOCATION', 'GEMLIVE_PROJECT'])
      expect(stderr).toMatch(new RegExp(`^warning: .*ignored .*${name}`, 'm'));
    expect(stderr).toContain('since the Google login in use is not from that file');
    expect(stderr).toContain('no Google credentials');
  });
});

describe('a model', () => {
  it('that only one platform is known to have is warned of on the other', async () => {
    const dry = [...QUESTION, '--dry-run'];
    const vertexOnly = 'gemini-live-2.5-flash-native-audio';
    expect((await runCli([...dry, '-m', vertexOnly])).stderr).toContain('from Vertex AI only');
    expect((await runCli([...dry, '-m', vertexOnly, ...VERTEX])).stderr).toBe('');
    const geminiOnly = ['-m', 'gemini-3.8-live-extended-thinking'];
    expect((await runCli([...dry, ...geminiOnly, ...VERTEX])).stderr).toContain(
      'from the Gemini API only, not from Vertex AI',
    );
  });
});
