import { describe, expect, it } from 'vitest';
import { configLayer } from '../../src/config/configFile.ts';
import { envNameOf, optionOf, SETTING_KEYS } from '../../src/config/options.ts';
import { COMMANDS, secretOf } from '../../src/config/settings.ts';
import { resolveFrom, thrownBy } from './support.ts';

describe('precedence', () => {
  const voices = { flag: 'Kore', env: 'Puck', dotenv: 'Leda', config: 'Orus' };
  const given = {
    argv: ['talk', '--voice', voices.flag],
    env: { GEMLIVE_VOICE: voices.env },
    dotenv: { GEMLIVE_VOICE: voices.dotenv },
    config: { voice: voices.config },
  };
  const table = [
    ['flag', given, 'Kore', '--voice'],
    ['env', { ...given, argv: ['talk'] }, 'Puck', 'GEMLIVE_VOICE'],
    ['dotenv', { dotenv: given.dotenv, config: given.config }, 'Leda', 'GEMLIVE_VOICE'],
    ['config', { config: given.config }, 'Orus', 'voice'],
    ['default', {}, undefined, 'voice'],
  ] as const;
  it.each(table)('%s wins over what is below it', async (layer, layers, voice, name) => {
    const { settings, sources } = await resolveFrom(layers);
    expect(settings.voice).toBe(voice);
    expect(sources.voice).toEqual({ layer, name });
  });

  it('takes an empty environment value as unset', async () => {
    const { settings } = await resolveFrom({
      env: { GEMLIVE_VOICE: '', GEMLIVE_TIMEOUT: '  ' },
      dotenv: { GEMLIVE_VOICE: '' },
      config: { voice: 'Orus' },
    });
    expect(settings.voice).toBe('Orus');
    expect(settings.timeoutSeconds).toBe(15);
  });

  it('lets a flag take back a switch of a weaker layer, both ways', async () => {
    const env = { GEMLIVE_TEXT: '1', GEMLIVE_NO_MIC: 'yes', GEMLIVE_COMPRESS: 'off' };
    expect((await resolveFrom({ env })).settings).toMatchObject({
      text: true,
      mic: false,
      compress: false,
    });
    const argv = ['talk', '--no-text', '--mic', '--compress'];
    expect((await resolveFrom({ env, argv })).settings).toMatchObject({
      text: false,
      mic: true,
      compress: true,
    });
  });

  it('gives the last of a repeated flag, and all of a repeatable one', async () => {
    const argv = ['chat', '--voice', 'Kore', '--voice', 'puck', '--context', 'a', '--context', 'b'];
    const { settings } = await resolveFrom({ argv });
    expect(settings.voice).toBe('Puck');
    expect(settings.context).toEqual(['a', 'b']);
  });

  it("does not look at other commands' settings", async () => {
    const { settings } = await resolveFrom({ env: { GEMLIVE_PORT: 'eighty' } });
    expect(settings.port).toBe(8787);
  });

  it('lets file keep whole answers unless it is told otherwise', async () => {
    const interrupt = async (...argv: string[]): Promise<boolean> =>
      (await resolveFrom({ argv })).settings.interrupt;
    expect(await interrupt('talk')).toBe(true);
    expect(await interrupt('talk', '--no-interrupt')).toBe(false);
    expect(await interrupt('file', 'a.wav')).toBe(false);
    expect(await interrupt('file', 'a.wav', '--interrupt')).toBe(true);
  });
});

describe('the key', () => {
  const cases = [
    ['GEMINI_API_KEY first', { env: { GOOGLE_API_KEY: 'g', GEMINI_API_KEY: 'k' } }, 'k', 'env'],
    [
      'the environment, by whatever name',
      { env: { GOOGLE_API_KEY: 'g' }, dotenv: { GEMINI_API_KEY: 'k' } },
      'g',
      'env',
    ],
    [
      '.env over config.json',
      { dotenv: { GOOGLE_API_KEY: 'g' }, config: { 'api-key': 'k' } },
      'g',
      'dotenv',
    ],
    ['config.json', { env: { GEMINI_API_KEY: ' ' }, config: { apiKey: 'k' } }, 'k', 'config'],
  ] as const;
  it.each(cases)('%s', async (_, given, apiKey, layer) => {
    const { credential } = await resolveFrom(given);
    expect(credential.apiKey).toBe(apiKey);
    expect(credential.source?.layer).toBe(layer);
  });

  const tokens = [
    ['over a key of the same place', { env: { GEMLIVE_TOKEN: 't', GEMINI_API_KEY: 'k' } }, 't'],
    ['by flag over all', { argv: ['talk', '--token', 't'], env: { GEMINI_API_KEY: 'k' } }, 't'],
    [
      'not over a key of a stronger place',
      { dotenv: { GEMLIVE_TOKEN: 't' }, env: { GOOGLE_API_KEY: 'k' } },
      'k',
    ],
    [
      'over a key of a weaker place',
      { dotenv: { GEMLIVE_TOKEN: 't' }, config: { 'api-key': 'k' } },
      't',
    ],
    [
      'only where sessions are opened',
      { argv: ['token'], env: { GEMLIVE_TOKEN: 't', GEMINI_API_KEY: 'k' } },
      'k',
    ],
    [
      'not with Vertex AI by flag',
      { argv: ['talk', '--vertex'], env: { GEMLIVE_TOKEN: 't', GEMINI_API_KEY: 'k' } },
      'k',
    ],
    [
      'by flag over Vertex AI in the environment',
      { argv: ['talk', '--token', 't'], env: { GEMLIVE_VERTEX: '1' } },
      't',
    ],
  ] as const;
  it.each(tokens)('gives way to a token %s', async (_, given, secret) => {
    const { credential } = await resolveFrom(given);
    expect([credential.kind, secretOf(credential)]).toEqual([
      secret === 't' ? 'token' : 'key',
      secret,
    ]);
  });

  it('gives way to the Google login where Vertex AI has a project', async () => {
    const env = { GEMINI_API_KEY: 'k', GOOGLE_CLOUD_PROJECT: 'p' };
    const kindOf = async (...argv: string[]): Promise<string> =>
      (await resolveFrom({ argv, env })).credential.kind;
    expect(await kindOf('talk', '--vertex')).toBe('google');
    expect(await kindOf('talk')).toBe('key');
    expect(await kindOf('talk', '--local')).toBe('key');
  });

  it('loses the white space around it', async () => {
    const { credential } = await resolveFrom({ env: { GEMINI_API_KEY: ' k1\r\n' } });
    expect(credential.apiKey).toBe('k1');
  });
});

describe('bad values', () => {
  const cases = [
    [{ argv: ['talk', '--temperature', 'hot'] }, '--temperature does not take "hot"'],
    [{ argv: ['talk', '--temperature', '3'] }, '--temperature does not take "3"'],
    [{ argv: ['talk', '--silence-ms', '1.5'] }, '--silence-ms does not take "1.5"'],
    [{ argv: ['talk', '--top-k', '-5'] }, '--top-k does not take "-5"'],
    [{ argv: ['talk', '--timeout', '0'] }, '--timeout does not take "0"'],
    [{ argv: ['talk', '--language', 'english'] }, '--language does not take "english"'],
    [{ argv: ['talk', '--language', 'not a code'] }, '--language does not take "not a code"'],
    [{ argv: ['talk', '--voice', ''] }, '--voice does not take ""'],
    [{ argv: ['talk', '--model', 'a b'] }, '--model does not take "a b"'],
    [{ env: { GEMLIVE_TOP_P: '2' } }, 'GEMLIVE_TOP_P in the environment does not take "2"'],
    [{ env: { GEMLIVE_TEXT: 'maybe' } }, 'GEMLIVE_TEXT in the environment does not take "maybe"'],
    [{ dotenv: { GEMLIVE_SEED: 'x' } }, 'GEMLIVE_SEED in .env does not take "x"'],
    [{ config: { thinking: 'lots' } }, '"thinking" in config.json does not take "lots"'],
    [{ config: { temperature: true } }, '"temperature" in config.json does not take "true"'],
    [{ config: { voice: ['Kore', 'Puck'] } }, '"voice" in config.json does not take "Kore Puck"'],
  ] as const;
  it.each(cases)('%j', async (given, message) => {
    const error = await thrownBy(() => resolveFrom(given));
    expect(error).toMatchObject({ message, exitCode: 2, code: 'usage' });
    expect(error.why).toMatch(/^it takes /);
  });

  it('suggests the word that was meant', async () => {
    const error = await thrownBy(() => resolveFrom({ argv: ['talk', '--thinking', 'hihg'] }));
    expect(error.hint).toBe('did you mean high?');
  });

  it('does not repeat a secret', async () => {
    const error = await thrownBy(() => resolveFrom({ argv: ['serve', '--key', ' '] }));
    expect(error.message).toBe('--key does not take its value');
  });
});

describe('config.json', () => {
  it('takes names as flags have them, in any case', async () => {
    const config = { 'silence-ms': 600, topP: 0.5, no_transcribe: true, context: ['a', 'b'] };
    const { settings } = await resolveFrom({ argv: ['chat'], config });
    expect(settings).toMatchObject({ silenceMs: 600, topP: 0.5, transcribe: false });
    expect(settings.context).toEqual(['a', 'b']);
  });

  it('warns of names that it does not know, and of those for one call only', async () => {
    const { warnings } = await resolveFrom({
      config: { vioce: 'Kore', output: 'x.wav', voice: null },
    });
    expect(warnings.map(({ code, hint }) => [code, hint])).toEqual([
      ['unknown_setting', 'did you mean "voice"?'],
      ['unknown_setting', 'did you mean "output"?'],
    ]);
  });

  const broken = [
    ['{\n  "voice": "Kore",\n  "model": }', /line 3, column 12/],
    ['{"voice": "Kore"', /too early/],
    ['[1, 2]', /not an object/],
    ['{"voice": {"name": "Kore"}}', /"voice" is not text/],
    ['', /too early/],
    ['{"voice": "Kore",}', /line 1, column 18/],
    ['// mine\n{}', /line 1, column 1/],
    ["{'voice': 'Kore'}", /line 1, column 2/],
    ['{"voice": "Kore"}\n}', /line 2, column 1/],
    ['{"temperature": .5}', /line 1, column 17/],
  ] as const;
  it.each(broken)('tells where %j is broken', async (text, why) => {
    const error = await thrownBy(() => configLayer(text, '/somewhere/config.json'));
    expect(error).toMatchObject({ message: 'cannot use /somewhere/config.json', exitCode: 2 });
    expect(error.why).toMatch(why);
  });

  it('does not mind a byte order mark', async () => {
    const { layer } = await configLayer('\uFEFF{"voice":"Kore"}', 'config.json');
    expect(layer.settings.voice?.texts).toEqual(['Kore']);
  });
});

describe('the table', () => {
  it('has no two options of one name, letter or environment name', () => {
    const of = (pick: (key: (typeof SETTING_KEYS)[number]) => string | undefined): string[] =>
      SETTING_KEYS.flatMap((key) => pick(key) ?? []);
    for (const names of [
      of((key) => optionOf(key).name),
      of((key) => optionOf(key).short),
      of((key) => envNameOf(key)),
    ]) {
      expect(new Set(names).size).toBe(names.length);
    }
  });

  it('has a command, a placeholder or a switch, and help in one line for each', () => {
    for (const key of SETTING_KEYS) {
      const option = optionOf(key);
      expect(option.commands.length).toBeGreaterThan(0);
      expect(option.commands.every((name) => COMMANDS.includes(name))).toBe(true);
      expect(option.value.isSwitch === true).toBe(option.placeholder === undefined);
      expect(option.value.isSwitch === true).toBe(option.helpOff !== undefined || key === 'dryRun');
      expect(option.help).toMatch(/^[^\n]{5,80}$/);
    }
  });

  it('warns of an environment name that is nearly a setting', async () => {
    const { warnings } = await resolveFrom({ env: { GEMLIVE_VIOCE: 'Kore' } });
    expect(warnings).toMatchObject([
      { code: 'unknown_setting', hint: 'did you mean GEMLIVE_VOICE?' },
    ]);
  });
});
