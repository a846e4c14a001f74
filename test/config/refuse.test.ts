import { describe, expect, it } from 'vitest';
import { MODELS } from '../../src/protocol/models.ts';
import { sure } from '../../src/protocol/facts.ts';
import { whyNot } from '../../src/config/refuse.ts';
import { toSetup } from '../../src/config/setup.ts';
import { resolveFrom, thrownBy, type Given } from './support.ts';

const THINKS = 'gemini-3.8-live-extended-thinking';
const NATIVE25 = 'gemini-2.5-flash-native-audio-latest';
const RETIRED = 'gemini-3.1-flash-live-preview';
const TRANSLATE = 'gemini-3.5-live-translate-preview';
const TRANSCRIBE = 'gemini-3.5-transcribe-live';

/** What the model surely refuses. */
const REFUSED: readonly [model: string, option: string, value: string | undefined][] = [
  ['gemini-3.8-live', 'thinking', 'high'],
  ['gemini-3.8-live', 'thinking', '1024'],
  ['gemini-3.8-live', 'include-thoughts', undefined],
  ['gemini-3.8-live', 'no-proactive', undefined],
  ['gemini-3.8-live', 'affective', undefined],
  ['gemini-3.8-live', 'no-affective', undefined],
  ['gemini-3.8-live', 'presence-penalty', '0.5'],
  ['gemini-3.8-live', 'frequency-penalty', '-1'],
  ['gemini-3.8-live', 'code-execution', undefined],
  ['gemini-3.8-live', 'translate-to', 'de'],
  ['gemini-3.8-live', 'voice', 'Nobody'],
  [THINKS, 'thinking', 'minimal'],
  [THINKS, 'thinking', 'off'],
  [THINKS, 'affective', undefined],
  [THINKS, 'presence-penalty', '1'],
  [TRANSCRIBE, 'frequency-penalty', '1'],
  [NATIVE25, 'thinking', 'low'],
  [TRANSLATE, 'search', undefined],
  [TRANSLATE, 'language', 'de'],
  [TRANSCRIBE, 'translate-to', 'de'],
];

describe('a setting that the model does not take', () => {
  it.each(REFUSED)('%s --%s %s', async (model, option, value) => {
    const flags = value === undefined ? [`--${option}`] : [`--${option}`, value];
    const error = await thrownBy(() => resolveFrom({ argv: ['talk', '-m', model, ...flags] }));
    expect(error).toMatchObject({ code: 'refused_setting', exitCode: 2 });
    expect(error.message).toBe(`${model} does not take ${flags.join(' ')}`);
    expect(error.hint).toContain('--no-check');

    const name = `GEMLIVE_${option.toUpperCase().replaceAll('-', '_')}`;
    const plain = await resolveFrom({ argv: ['talk', '-m', model] });
    // It may have something to say of its own.
    const refused = [...plain.warnings, { code: 'refused_setting' }];
    const others = [
      { env: { [name]: value ?? '1' } },
      { dotenv: { [name]: value ?? '1' } },
      { config: { [option]: value ?? true } },
    ];
    for (const given of others) {
      const { settings, warnings } = await resolveFrom({ argv: ['talk', '-m', model], ...given });
      expect(settings).toEqual(plain.settings);
      expect(warnings).toMatchObject(refused);
    }

    const unchecked = ['talk', '-m', model, '--no-check', ...flags];
    const { settings, profile, warnings } = await resolveFrom({ argv: unchecked });
    expect(warnings.filter(({ code }) => code === 'refused_setting')).toEqual([]);
    expect(toSetup(settings, profile)).not.toEqual(toSetup(plain.settings, plain.profile));
  });
});

describe('what the model does anyway', () => {
  const cases = [
    ['gemini-3.8-live', '--proactive'],
    ['gemini-3.8-live', '--thinking=off'],
    [THINKS, '--proactive'],
    [NATIVE25, '--no-proactive'],
    [NATIVE25, '--no-affective'],
  ];
  it.each(cases)('%s %s is accepted and sends nothing', async (model, flag) => {
    const plain = await resolveFrom({ argv: ['talk', '-m', model] });
    const asked = await resolveFrom({ argv: ['talk', '-m', model, flag] });
    expect(asked.warnings).toEqual([]);
    expect(toSetup(asked.settings, asked.profile)).toEqual(toSetup(plain.settings, plain.profile));
  });
});

describe('what the tables are not sure of', () => {
  it.each([
    ['a translating model and its tone', [TRANSLATE, '--affective']],
    ['a translating model and thinking', [TRANSLATE, '--thinking', 'low']],
    ['a voice of the library', ['gemini-3.8-live', '--voice', 'en-us-newest']],
    [
      'a model of tomorrow',
      ['gemini-9-live', '--thinking', 'high', '--code-execution', '--voice', 'X'],
    ],
    ['a retired model and its levels', [RETIRED, '--thinking', 'high', '--proactive']],
    ['a retired model', ['gemini-2.0-flash-live-001', '--affective', '--translate-to', 'de']],
  ])('%s: sent', async (_, flags) => {
    const { settings, profile } = await resolveFrom({ argv: ['talk', '-m', ...flags] });
    const plain = await resolveFrom({ argv: ['talk', '-m', flags[0] ?? ''] });
    expect(toSetup(settings, profile)).not.toEqual(toSetup(plain.settings, plain.profile));
  });
});

describe('sampling that the model ignores', () => {
  it('is told in one warning, wherever it came from, and is sent all the same', async () => {
    const { settings, profile, warnings } = await resolveFrom({
      argv: ['talk', '--temperature', '0.5', '--top-p', '0.9'],
      env: { GEMLIVE_TOP_K: '40' },
    });
    expect(warnings).toEqual([
      {
        code: 'ignored_setting',
        message: 'gemini-3.8-live ignores --temperature, --top-p, GEMLIVE_TOP_K in the environment',
        hint: 'describe the style of the answers with --system',
      },
    ]);
    const sent = { temperature: 0.5, topP: 0.9, topK: 40 };
    expect(toSetup(settings, profile).generationConfig).toMatchObject(sent);
  });

  it.each([
    ['on 2.5, which uses it', ['-m', NATIVE25]],
    ['on a model that nobody knows', ['-m', 'gemini-9-live']],
    ['unchecked', ['--no-check']],
  ])('is no warning %s', async (_what, flags) => {
    const { warnings } = await resolveFrom({ argv: ['talk', ...flags, '--temperature', '1'] });
    expect(warnings.map(({ code }) => code)).not.toContain('ignored_setting');
  });
});

describe('a setting that only v1alpha has', () => {
  const of25 = ['talk', '-m', NATIVE25];
  const WITHOUT = { proactive: undefined, affective: undefined };
  const left = (name: string): object => ({
    code: 'refused_setting',
    message: `${name} is left out: only the API version v1alpha has it`,
  });

  it.each<[what: string, given: Given, version: string, settings: object, warnings: object[]]>([
    ['moves the session there', { argv: [...of25, '--proactive'] }, 'v1alpha', {}, []],
    [
      'moves the session there from a weaker layer',
      { argv: of25, config: { affective: true } },
      'v1alpha',
      { affective: true },
      [],
    ],
    [
      'and the version that it needs',
      { argv: [...of25, '--affective', '--api-version', 'v1alpha'] },
      'v1alpha',
      {},
      [],
    ],
    ['is not needed for "off"', { argv: [...of25, '--no-proactive'] }, 'v1beta', {}, []],
    ['is not sent by 3.8', { argv: ['talk', '--proactive'] }, 'v1beta', {}, []],
    [
      'wins over a version of a weaker layer',
      { argv: [...of25, '--proactive'], env: { GEMLIVE_API_VERSION: 'v1' } },
      'v1alpha',
      { proactive: true },
      [
        {
          code: 'refused_setting',
          message: 'GEMLIVE_API_VERSION in the environment: v1 lacks --proactive; v1alpha is used',
        },
      ],
    ],
    [
      'yields to a version of a stronger layer',
      {
        argv: [...of25, '--api-version', 'v1beta'],
        env: { GEMLIVE_PROACTIVE: '1', GEMLIVE_AFFECTIVE: '1' },
      },
      'v1beta',
      WITHOUT,
      [left('GEMLIVE_PROACTIVE in the environment'), left('GEMLIVE_AFFECTIVE in the environment')],
    ],
    [
      'goes out on any version unchecked',
      { argv: [...of25, '--no-check', '--proactive', '--api-version', 'v1'] },
      'v1',
      { proactive: true },
      [],
    ],
    [
      'is no matter of Vertex AI',
      { argv: ['talk', '--vertex', '-m', 'gemini-live-2.5-flash-native-audio', '--proactive'] },
      'v1beta1',
      { proactive: true },
      [],
    ],
  ])('%s', async (_what, given, version, expected, warnings) => {
    const resolved = await resolveFrom(given);
    expect(resolved.settings).toMatchObject({ apiVersion: version, ...expected });
    expect(resolved.warnings).toEqual(warnings);
  });

  it.each(['v1', 'v1beta'])('is refused beside --api-version %s', async (version) => {
    const argv = [...of25, '--proactive', '--api-version', version];
    expect(await thrownBy(() => resolveFrom({ argv }))).toMatchObject({
      code: 'usage',
      exitCode: 2,
      message: `--proactive and --api-version ${version} cannot go together`,
      hint: 'only v1alpha has that setting: leave --api-version out, or add --no-check',
    });
  });
});

describe('models', () => {
  it('that nobody knows are sent with a warning', async () => {
    const { settings, warnings } = await resolveFrom({ argv: ['talk', '-m', 'gemini-3.8-life'] });
    expect(settings.model).toBe('gemini-3.8-life');
    expect(warnings).toMatchObject([
      { code: 'unknown_model', hint: 'did you mean gemini-3.8-live?' },
    ]);
  });

  it.each(['gemini-2.0-flash-live-001', RETIRED])(
    '%s, which was shut down, is sent with a warning',
    async (model) => {
      const { settings, warnings } = await resolveFrom({ argv: ['talk', '-m', model] });
      expect(settings.model).toBe(model);
      expect(warnings).toMatchObject([{ code: 'retired_model' }]);
    },
  );

  it('of the Gemini API that are alive need none', async () => {
    for (const { id, status, platforms, job } of MODELS) {
      const target = job.value === 'translate' ? ['--translate-to', 'de'] : [];
      const { warnings } = await resolveFrom({ argv: ['talk', '-m', id, ...target] });
      const isQuiet = status !== 'retired' && platforms.includes('gemini');
      expect([id, warnings.length]).toEqual([id, isQuiet ? 0 : 1]);
    }
  });

  it('are the same with a path before their names', async () => {
    const argv = ['talk', '-m', 'models/gemini-3.8-live', '--thinking', 'high'];
    expect((await thrownBy(() => resolveFrom({ argv }))).code).toBe('refused_setting');
  });
});

describe('voices', () => {
  it('are found in any case, and sent in their own', async () => {
    const { settings } = await resolveFrom({ env: { GEMLIVE_VOICE: 'zubenELgenubi' } });
    expect(settings.voice).toBe('Zubenelgenubi');
  });

  it('of the library are refused where the model surely lacks them', async () => {
    const { settings, profile } = await resolveFrom({ argv: ['chat', '--voice', 'en-us-tavi'] });
    expect(whyNot('voice', settings, profile)).toBeUndefined();
    const older = { ...profile, libraryVoices: sure(false, 'a test') };
    expect(whyNot('voice', settings, older)).toBe('the model has no voices of the library');
    expect(whyNot('voice', { ...settings, check: false }, older)).toBeUndefined();
  });

  it('that are misspelled are guessed', async () => {
    const error = await thrownBy(() => resolveFrom({ argv: ['talk', '--voice', 'Koer'] }));
    expect(error.why).toBe('there is no voice Koer; did you mean Kore?');
  });
});
