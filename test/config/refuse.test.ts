import { describe, expect, it } from 'vitest';
import { MODELS } from '../../src/protocol/models.ts';
import { toSetup } from '../../src/config/setup.ts';
import { resolveFrom, thrownBy } from './support.ts';

const THINKS = 'gemini-3.8-live-extended-thinking';
const LIVE31 = 'gemini-3.1-flash-live-preview';
const NATIVE25 = 'gemini-2.5-flash-native-audio-latest';
const TRANSLATE = 'gemini-3.5-live-translate-preview';
const TRANSCRIBE = 'gemini-3.5-transcribe-live';

/** What the model refuses: from live-api.md §4.8 and §5.1, facts without a question mark. */
const REFUSED: readonly [model: string, option: string, value: string | undefined][] = [
  ['gemini-3.8-live', 'thinking', 'high'],
  ['gemini-3.8-live', 'thinking', '1024'],
  ['gemini-3.8-live', 'include-thoughts', undefined],
  ['gemini-3.8-live', 'no-proactive', undefined],
  ['gemini-3.8-live', 'no-affective', undefined],
  ['gemini-3.8-live', 'code-execution', undefined],
  ['gemini-3.8-live', 'translate-to', 'de'],
  ['gemini-3.8-live', 'voice', 'Nobody'],
  [THINKS, 'thinking', 'minimal'],
  [THINKS, 'thinking', 'off'],
  [THINKS, 'thinking', '500'],
  [LIVE31, 'affective', undefined],
  [LIVE31, 'proactive', undefined],
  [LIVE31, 'thinking', '0'],
  [NATIVE25, 'thinking', 'low'],
  [TRANSLATE, 'search', undefined],
  [TRANSLATE, 'language', 'de'],
  [LIVE31, 'voice', 'en-us-tavi'],
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
    ['gemini-3.8-live', '--affective'],
    ['gemini-3.8-live', '--thinking=off'],
    [LIVE31, '--no-proactive'],
    [LIVE31, '--no-affective'],
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
    ['a retired model', ['gemini-2.0-flash-live-001', '--affective', '--translate-to', 'de']],
  ])('%s: sent', async (_, flags) => {
    const { settings, profile } = await resolveFrom({ argv: ['talk', '-m', ...flags] });
    const plain = await resolveFrom({ argv: ['talk', '-m', flags[0] ?? ''] });
    expect(toSetup(settings, profile)).not.toEqual(toSetup(plain.settings, plain.profile));
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

  it('that were shut down are sent with a warning', async () => {
    const { warnings } = await resolveFrom({ argv: ['talk', '-m', 'gemini-2.0-flash-live-001'] });
    expect(warnings).toMatchObject([{ code: 'retired_model' }]);
  });

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

  it('that are misspelled are guessed', async () => {
    const error = await thrownBy(() => resolveFrom({ argv: ['talk', '--voice', 'Koer'] }));
    expect(error.why).toBe('there is no voice Koer; did you mean Kore?');
  });
});
