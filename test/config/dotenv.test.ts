import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDotenv } from '../../src/config/dotenvFile.ts';
import { optionOf, SETTING_KEYS, envNameOf } from '../../src/config/options.ts';
import { withoutRights } from '../support/withoutRights.ts';
import { resolveFrom } from './support.ts';

/** Names of programs, files, hosts, proxies and locations, of this version and of later ones. */
const DANGEROUS: readonly [name: string, value: string][] = [
  ['GEMLIVE_MIC_COMMAND', 'touch /tmp/owned'],
  ['GEMLIVE_SPEAKER_COMMAND', 'touch /tmp/owned'],
  ['GEMLIVE_TOOLS', './tools.json'],
  ['GEMLIVE_MCP', './mcp.json'],
  ['GEMLIVE_STT', 'touch /tmp/owned'],
  ['GEMLIVE_LLM', 'http://evil.example'],
  ['GEMLIVE_TTS', 'touch /tmp/owned'],
  ['GEMLIVE_SYSTEM', '@/etc/passwd'],
  ['GEMLIVE_LOCATION', 'evil.example/#'],
  ['GEMLIVE_PROJECT', 'theirs'],
  ['GEMLIVE_BASE_URL', 'https://evil.example'],
  ['GEMLIVE_OUTPUT', '/etc/passwd'],
  ['GEMLIVE_OUT_DIR', '/'],
  ['GEMLIVE_CONTEXT', '/etc/passwd'],
  ['GEMLIVE_HISTORY', '/etc/passwd'],
  ['GEMLIVE_HOST', '0.0.0.0'],
  ['GEMLIVE_RECORDER', '/tmp/evil.cjs'],
  ['GEMLIVE_PLAYER', '/tmp/evil'],
  ['GEMLIVE_INPUT_DEVICE', 'file:"|touch /tmp/owned"'],
  ['GEMLIVE_OUTPUT_DEVICE', 'file:"|touch /tmp/owned"'],
  ['GEMLIVE_RECORD', '/tmp/spy'],
  ['GEMLIVE_LOG', '/tmp/spy'],
  ['GEMLIVE_SCRIPT', '/tmp/script'],
  ['GEMLIVE_ALLOW_ORIGIN', 'https://evil.example'],
  ['GEMLIVE_ALLOW_HOST', 'evil.example'],
  ['GEMLIVE_NO_SUCH_THING', '1'],
  ['gemlive_stt', 'touch /tmp/owned'],
  ['HTTPS_PROXY', 'http://evil.example'],
  ['https_proxy', 'http://evil.example'],
  ['ALL_PROXY', 'http://evil.example'],
  ['NODE_OPTIONS', '--require /tmp/evil.cjs'],
  ['NODE_PATH', '/tmp/evil'],
  ['NODE_EXTRA_CA_CERTS', '/tmp/evil.pem'],
  ['NODE_TLS_REJECT_UNAUTHORIZED', '0'],
  ['SSL_CERT_FILE', '/tmp/evil.pem'],
  ['LD_PRELOAD', '/tmp/evil.so'],
  ['DYLD_INSERT_LIBRARIES', '/tmp/evil.dylib'],
  ['PATH', '/tmp/evil'],
  ['HOME', '/tmp/evil'],
  ['XDG_CONFIG_HOME', '/tmp/evil'],
  ['PULSE_SERVER', 'evil.example'],
  ['ALSA_CONFIG_PATH', '/tmp/evil.conf'],
  ['AUDIODEV', '/tmp/evil'],
  ['GOOGLE_APPLICATION_CREDENTIALS', '/tmp/evil.json'],
  ['GOOGLE_CLOUD_LOCATION', 'evil'],
  ['GOOGLE_GEMINI_BASE_URL', 'https://evil.example'],
];

describe('a hostile .env', () => {
  it.each(DANGEROUS)('%s is ignored, and told', async (name, value) => {
    const mine = { env: { GEMINI_API_KEY: 'my-own-key' } };
    for (const argv of [['talk'], ['file', 'a.wav'], ['serve'], ['chat']]) {
      const clean = await resolveFrom({ ...mine, argv });
      const attacked = await resolveFrom({ ...mine, argv, dotenv: { [name]: value } });
      expect(attacked.settings).toEqual(clean.settings);
      expect(attacked.sources).toEqual(clean.sources);
      expect(attacked.warnings).toMatchObject([{ code: 'dotenv_ignored' }]);
      expect(attacked.warnings[0]?.message).toContain(name);
    }
  });

  it('gets no setting through that is neither plain nor meant to be there', async () => {
    const named = SETTING_KEYS.filter((key) => envNameOf(key) !== undefined);
    for (const key of named) {
      const { value, fromDotenv } = optionOf(key);
      const isPlain = value.plain || fromDotenv === true;
      // Unchecked, so that a sample value that the model refuses is not dropped for that.
      const dotenv = { GEMLIVE_NO_CHECK: '1', [envNameOf(key) ?? '']: plausible(key) };
      const { sources } = await resolveFrom({ argv: ['config'], dotenv });
      expect([key, sources[key].layer]).toEqual([key, isPlain ? 'dotenv' : 'default']);
    }
  });

  it('tells all names in one warning, and not without end', async () => {
    const dotenv = Object.fromEntries(
      Array.from({ length: 1000 }, (_, n) => [`GEMLIVE_X${n}`, '1']),
    );
    const { warnings } = await resolveFrom({ dotenv });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.message).toMatch(/ and 940 more$/);
  });

  it('leaves other programs their variables without a word', async () => {
    const { warnings } = await resolveFrom({
      dotenv: { DATABASE_URL: 'postgres://x', PORT: '80' },
    });
    expect(warnings).toEqual([]);
  });

  it('may set the key, the model, the voice, and plain numbers and words', async () => {
    const dotenv = {
      GEMINI_API_KEY: 'from-dotenv',
      GEMLIVE_MODEL: 'gemini-2.5-flash-native-audio-latest',
      GEMLIVE_VOICE: 'Puck',
      GEMLIVE_SILENCE_MS: '700',
      GEMLIVE_SYSTEM: 'Be brief.',
    };
    const { settings, credential, warnings } = await resolveFrom({ dotenv });
    expect(settings).toMatchObject({ voice: 'Puck', silenceMs: 700, system: 'Be brief.' });
    expect(credential).toMatchObject({ apiKey: 'from-dotenv', source: { layer: 'dotenv' } });
    expect(warnings).toEqual([]);
  });
});

/** Some value that the option would take. */
function plausible(key: (typeof SETTING_KEYS)[number]): string {
  const { value } = optionOf(key);
  const samples = ['1', '16000', 'low', 'v1', 'en', 'activity', 'auto', 'Kore', 'word'];
  return samples.find((sample) => value.read(sample) !== undefined) ?? 'word';
}

describe('a base URL in .env', () => {
  const url = 'https://theirs.example';
  const cases = [
    ['their key', { GEMINI_API_KEY: 'theirs' }, {}, {}, url],
    ['their token', { GEMLIVE_TOKEN: 'theirs' }, {}, { 'api-key': 'mine' }, url],
    ['my token', { GEMINI_API_KEY: 'theirs' }, { GEMLIVE_TOKEN: 'mine' }, {}, undefined],
    [
      'my Google login',
      { GEMINI_API_KEY: 'theirs' },
      { GEMLIVE_VERTEX: '1', GEMLIVE_PROJECT: 'p' },
      {},
      undefined,
    ],
    ['no key', {}, {}, {}, undefined],
    ['my key in the environment', {}, { GEMINI_API_KEY: 'mine' }, {}, undefined],
    [
      'my key in the environment and theirs',
      { GEMINI_API_KEY: 'theirs' },
      { GOOGLE_API_KEY: 'mine' },
      {},
      undefined,
    ],
    ['my key in config.json', {}, {}, { 'api-key': 'mine' }, undefined],
    [
      'my key and URL in config.json',
      {},
      {},
      { 'api-key': 'mine', 'base-url': 'https://mine.example' },
      'https://mine.example',
    ],
  ] as const;
  it.each(cases)('with %s', async (_, dotenvKey, env, config, expected) => {
    const dotenv = { GEMLIVE_BASE_URL: url, ...dotenvKey };
    const { settings, warnings } = await resolveFrom({ dotenv, env, config });
    expect(settings.baseUrl).toBe(expected);
    expect(warnings.map(({ code }) => code)).toEqual(expected === url ? [] : ['dotenv_ignored']);
  });

  it('does not stand in the way of mine', async () => {
    const argv = ['talk', '--base-url', 'https://mine.example'];
    const { settings, warnings } = await resolveFrom({ argv, dotenv: { GEMLIVE_BASE_URL: url } });
    expect(settings.baseUrl).toBe('https://mine.example');
    expect(warnings).toEqual([]);
  });
});

describe('the file', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gemlive-dotenv-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const path = (): string => join(folder, '.env');

  it('is read with its quotes, comments and exports', async () => {
    writeFileSync(path(), 'export GEMLIVE_VOICE="Kore" # mine\nGEMINI_API_KEY=\'k\'\n');
    const { layer, warnings } = await readDotenv(folder);
    expect(layer.settings.voice?.texts).toEqual(['Kore']);
    expect(layer.key).toEqual({ name: 'GEMINI_API_KEY', apiKey: 'k' });
    expect(warnings).toEqual([]);
  });

  it('may be missing, or a folder', async () => {
    const nothing = { layer: { settings: {}, key: undefined }, warnings: [] };
    expect(await readDotenv(folder)).toEqual(nothing);
    expect(await readDotenv(join(folder, 'gone'))).toEqual(nothing);
    mkdirSync(path());
    expect(await readDotenv(folder)).toEqual(nothing);
  });

  const broken: [name: string, make: () => void, why: RegExp][] = [
    ['binary', () => writeFileSync(path(), Buffer.from([0xff, 0xfe, 0x00, 0x80])), /not text/],
    ['with NUL', () => writeFileSync(path(), 'GEMLIVE_VOICE=a\0b'), /not text/],
    ['huge', () => writeFileSync(path(), `GEMLIVE_VOICE=${'x'.repeat(300_000)}`), /larger than/],
    ['a device', () => symlinkSync('/dev/zero', path()), /not a file/],
    ['a pipe', () => spawnSync('mkfifo', [path()]), /not a file/],
  ];
  it.skipIf(process.platform === 'win32').each(broken)(
    'that is %s is a warning',
    async (_, make, why) => {
      make();
      const { layer, warnings } = await readDotenv(folder);
      expect(layer).toEqual({ settings: {}, key: undefined });
      expect(warnings).toMatchObject([{ code: 'dotenv_unreadable' }]);
      expect(warnings[0]?.message).toMatch(why);
    },
  );

  it.skipIf(process.platform === 'win32')('that may not be read is a warning', async () => {
    writeFileSync(path(), 'GEMLIVE_VOICE=Kore');
    chmodSync(path(), 0);
    const { warnings } = await withoutRights(() => readDotenv(folder));
    expect(warnings[0]?.message).toMatch(/EACCES/);
  });

  it('never enters the environment', async () => {
    writeFileSync(
      path(),
      'NODE_OPTIONS=--require=/tmp/evil.cjs\nGEMLIVE_VOICE=Kore\nSOMETHING_ELSE=1\n',
    );
    const before = { ...process.env };
    await readDotenv(folder);
    expect({ ...process.env }).toEqual(before);
  });
});
