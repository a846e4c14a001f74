/**
 * Every model beside every setting: the setup is what was written by hand, or there is a clear error before
 * anything is opened, or a warning where the setting was not meant for this model alone. What is sent is
 * put to the local server, which knows every field and refuses what a model does not take.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toEndpoint } from '../../src/config/endpoint.ts';
import type { ApiVersion } from '../../src/config/settings.ts';
import { toSetup } from '../../src/config/setup.ts';
import { MODELS } from '../../src/protocol/models.ts';
import { startLiveServer, type LiveServer } from '../../src/server/server.ts';
import { runCli } from '../support/cli.ts';
import { openClient, VERTEX_PATH } from '../support/liveClient.ts';
import { FAMILIES, merged, setupOf, type Family, type Json } from './everySetting/families.ts';
import { ROWS, type Outcome, type Row } from './everySetting/rows.ts';
import { resolveFrom, thrownBy } from './support.ts';

const families = Object.entries(FAMILIES) as [Family, readonly string[]][];
const CASES = families.flatMap(([family, models]) => models.map((model) => ({ family, model })));

const outcomeOf = (row: Row, family: Family): Outcome => row.but?.[family] ?? row.all;
const refusalOf = (outcome: Outcome): string | undefined =>
  typeof outcome === 'object' && typeof outcome['refused'] === 'string'
    ? outcome['refused']
    : undefined;
const setupWith = (outcome: Outcome, family: Family, model: string): Json => {
  const setup = setupOf(family, model);
  return outcome === 'nothing' ? setup : merged(setup, outcome);
};
const argvOf = ({ command = 'talk', flags }: Row, model: string): string[] => [
  command,
  ...(command === 'file' ? ['a.wav'] : []),
  '-m',
  model,
  ...flags.split(' '),
];

/** In the environment, in .env and in config.json a flag has the same name. */
function elsewhere(flags: string): { name: string; value: string } {
  const [name = '', value = '1'] = flags.replace(/^--/, '').split(/[ =]/);
  return { name, value };
}

it('knows every model of the table by hand', () => {
  const known = CASES.filter(({ family }) => family !== 'unknown').map(({ model }) => model);
  expect(known.toSorted()).toEqual(MODELS.map(({ id }) => id).toSorted());
});

let server: LiveServer;
beforeAll(async () => {
  server = await startLiveServer({ allowRetired: true, stt: 'none', tts: 'none' });
});
afterAll(() => server.close());

/** What the server says to a setup: `ready`, or why not. */
async function answerTo(setup: object, path?: string): Promise<string> {
  const client = await openClient(server.url, path);
  try {
    client.send({ setup });
    const { setupComplete } = await client.until(() => true);
    return setupComplete ? 'ready' : 'something else';
  } catch (error) {
    return (error as Error).message;
  } finally {
    await client.close();
  }
}

const answerOf = (family: Family, { answers }: Row): RegExp =>
  family === 'unknown' ? /is not found for API version/ : (answers?.[family] ?? /^ready$/);

/** Two fields exist in v1alpha of the Gemini API only. */
const versionFor = ({ proactivity, generationConfig }: Json): ApiVersion => {
  const { enableAffectiveDialog } = generationConfig as Json;
  return proactivity === undefined && enableAffectiveDialog === undefined ? 'v1beta' : 'v1alpha';
};
const pathOf = (apiVersion: ApiVersion): string =>
  new URL(toEndpoint({ baseUrl: server.url, apiVersion }).url).pathname;

describe.each(CASES)('$model', ({ family, model }) => {
  it.each(ROWS)('$command $flags', async (row) => {
    const outcome = outcomeOf(row, family);
    const argv = argvOf(row, model);
    const reason = refusalOf(outcome);
    if (reason === undefined) {
      const { settings, profile, warnings } = await resolveFrom({ argv });
      const setup = toSetup(settings, profile);
      const expected = setupWith(outcome, family, model);
      expect(setup).toStrictEqual(expected);
      expect(settings.apiVersion).toBe(versionFor(expected));
      const codes = warnings.map(({ code }) => code);
      expect(codes).not.toContain('refused_setting');
      const ignored = codes.filter((code) => code === 'ignored_setting');
      expect(ignored).toHaveLength(row.ignoredBy?.includes(family) ? 1 : 0);
      expect(await answerTo(setup, pathOf(settings.apiVersion))).toMatch(answerOf(family, row));
      return;
    }
    const error = await thrownBy(() => resolveFrom({ argv }));
    expect(error).toMatchObject({ code: 'refused_setting', exitCode: 2, why: reason });
    expect(error.message).toContain(`${model} does not take --${elsewhere(row.flags).name}`);
    expect(error.hint).toContain('--no-check');
  });

  it.each(
    ROWS.filter((row) => {
      // Both are of one call only.
      const isOfOneCall = /--(output|out-dir)/.test(row.flags);
      return refusalOf(outcomeOf(row, family)) !== undefined && !isOfOneCall;
    }),
  )('$flags, but in the environment, .env or config.json', async (row) => {
    const { name, value } = elsewhere(row.flags);
    const variable = `GEMLIVE_${name.toUpperCase().replaceAll('-', '_')}`;
    const argv = argvOf({ ...row, flags: '' }, model).slice(0, -1);
    const plain = await resolveFrom({ argv });
    // A .env of somebody else may not say what is done; it warns of that.
    for (const given of [
      { env: { [variable]: value } },
      { config: { [name]: value === '1' ? true : value } },
    ]) {
      const { settings, profile, warnings } = await resolveFrom({ argv, ...given });
      expect(warnings).toContainEqual(
        expect.objectContaining({
          code: 'refused_setting',
          message: expect.stringMatching(/ is left out: ./),
        }),
      );
      expect(toSetup(settings, profile)).toEqual(toSetup(plain.settings, plain.profile));
    }
  });

  it.each(
    ROWS.filter((row) => {
      const sent = typeof row.all === 'object' && refusalOf(row.all) === undefined;
      const isOfVoice = family === 'transcribe' && row.flags.startsWith('--voice');
      return sent && !isOfVoice && refusalOf(outcomeOf(row, family)) !== undefined;
    }),
  )('$flags --no-check: sent all the same', async (row) => {
    const argv = [...argvOf(row, model), '--no-check'];
    const { settings, profile, warnings } = await resolveFrom({ argv });
    const expected = setupWith(row.all, family, model);
    expect(toSetup(settings, profile)).toStrictEqual(expected);
    expect(settings.apiVersion).toBe(versionFor(expected));
    expect(warnings).toEqual([]);
  });

  it('through the program', async () => {
    const rows = ROWS.filter(({ flags }) =>
      ['--max-output-tokens 256', '--system Hello', '--silence-ms 500', '--no-compress'].includes(
        flags,
      ),
    );
    let expected = setupOf(family, model);
    for (const { all } of rows) expected = merged(expected, all as Json);
    const argv = ['talk', '--dry-run', '-m', model, ...rows.flatMap((row) => row.flags.split(' '))];
    const { code, stdout, stderr } = await runCli(argv);
    expect({ code, sent: JSON.parse(stdout) as unknown }).toEqual({
      code: 0,
      sent: { setup: expected },
    });
    const quiet = ['live38', 'thinking38', 'native25', 'robotics'].includes(family);
    const isGemini = quiet || model === 'gemini-3.5-transcribe-live';
    expect(stderr === '').toBe(isGemini);
  });
});

describe('on Vertex AI', () => {
  const PLACE = 'projects/my-project/locations/us-central1/publishers/google/models/';
  const OF_38 = setupOf('live38', 'gemini-3.8-live');
  const german = { generationConfig: { speechConfig: { languageCode: 'de' } } };

  it.each<[flags: string, expected: Json, warnings: string[]]>([
    ['-m gemini-3.8-live', OF_38, []],
    ['-m gemini-3.8-live --language de', merged(OF_38, german), []],
    [
      '-m gemini-live-2.5-flash-native-audio --language de --affective --thinking 0',
      merged(setupOf('native25Vertex', 'gemini-live-2.5-flash-native-audio'), {
        generationConfig: {
          speechConfig: { languageCode: 'de' },
          enableAffectiveDialog: true,
          thinkingConfig: { thinkingBudget: 0 },
        },
      }),
      [],
    ],
    [
      '-m gemini-3.5-live-translate-preview --translate-to de',
      merged(setupOf('translate', 'gemini-3.5-live-translate-preview'), {
        generationConfig: { translationConfig: { targetLanguageCode: 'de' } },
      }),
      [],
    ],
    [
      '-m gemini-3.5-transcribe-live-preview --language de',
      merged(setupOf('transcribe', 'gemini-3.5-transcribe-live-preview'), {
        inputAudioTranscription: { languageCodes: ['de'] },
      }),
      [],
    ],
    [
      '-m gemini-3.8-live-extended-thinking --thinking high',
      merged(setupOf('thinking38', 'gemini-3.8-live-extended-thinking'), {
        generationConfig: { thinkingConfig: { thinkingLevel: 'HIGH' } },
      }),
      ['other_platform'],
    ],
  ])('%s', async (flags, expected, codes) => {
    const argv = ['talk', '--vertex', '--project', 'my-project', '--location', 'us-central1'];
    const { settings, profile, warnings } = await resolveFrom({
      argv: [...argv, ...flags.split(' ')],
    });
    const setup = toSetup(settings, profile);
    const model = String(expected['model']).replace('models/', PLACE);
    // Vertex AI alone tells which messages a state holds.
    const sessionResumption = { transparent: true };
    expect(setup).toStrictEqual({ ...expected, model, sessionResumption });
    expect(warnings.map(({ code }) => code)).toEqual(codes);
    expect(await answerTo(setup, VERTEX_PATH)).toBe('ready');
  });

  it('refuses what the model refuses everywhere', async () => {
    const argv = ['talk', '--vertex', '-m', 'gemini-3.8-live', '--thinking', 'low'];
    expect(await thrownBy(() => resolveFrom({ argv }))).toMatchObject({ code: 'refused_setting' });
  });
});

describe('through the program', () => {
  const refusedOnce = families.flatMap(([family, [model]]) => {
    const row = ROWS.find((one) => refusalOf(outcomeOf(one, family)) !== undefined);
    return row && model !== undefined ? [{ row, model }] : [];
  });

  it.concurrent.each(refusedOnce)('$model $row.flags is refused', async ({ row, model }) => {
    const { code, stdout, stderr } = await runCli([...argvOf(row, model), '--dry-run']);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    const lines = stderr.trimEnd().split('\n');
    expect(lines.filter((line) => !line.startsWith('warning:')).length).toBeLessThanOrEqual(3);
    expect(stderr).toContain(model);
    expect(stderr).toContain(`--${elsewhere(row.flags).name}`);
  });

  it.concurrent('a model that hears only takes no chat', async () => {
    const { code, stderr } = await runCli(['chat', 'hello', '-m', 'gemini-3.5-transcribe-live']);
    expect(code).toBe(2);
    expect(stderr.trimEnd().split('\n')).toHaveLength(3);
    expect(stderr).toContain('gemlive file');
  });
});
