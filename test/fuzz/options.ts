/** Command lines, environments and `.env` files nobody would write, from argv to the setup message. */
import * as fc from 'fast-check';
import { parseCommandLine } from '../../src/commandLine.ts';
import { settleCombinations } from '../../src/config/combinations.ts';
import { dotenvLayer } from '../../src/config/dotenvFile.ts';
import { toEndpoint } from '../../src/config/endpoint.ts';
import { EMPTY_LAYER } from '../../src/config/given.ts';
import { environmentLayer } from '../../src/config/layers.ts';
import { envNameOf, optionOf, SETTING_KEYS } from '../../src/config/options.ts';
import { resolveSettings } from '../../src/config/resolve.ts';
import { COMMANDS } from '../../src/config/settings.ts';
import { toSetup } from '../../src/config/setup.ts';
import { EXIT, GemliveError, type Warning } from '../../src/errors.ts';
import { MODELS } from '../../src/protocol/models.ts';
import { printError, printWarning } from '../../src/ui/printError.ts';
import { ensure, notFinite, type Target } from './target.ts';

const longNames = SETTING_KEYS.map((key) => optionOf(key).name);
const shortNames = SETTING_KEYS.flatMap((key) => optionOf(key).short ?? []);
const envNames = SETTING_KEYS.flatMap((key) => envNameOf(key) ?? []);
const choices = SETTING_KEYS.flatMap((key) => optionOf(key).value.choices ?? []);

const anyText = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('', ' ', '-', '--', '\0', '\n', '\u001B[2J', '=', '@', '@file', 'é'.repeat(300)),
);
const value = fc.oneof(
  fc.constantFrom(
    ...choices,
    '1',
    '0',
    'true',
    'off',
    '-1',
    '0.5',
    '1e3',
    '99999999999999999999',
    'NaN',
  ),
  fc.constantFrom(
    'Kore',
    'kore',
    'en-us-tavi',
    'de-DE',
    'english',
    'x-klingon',
    'de_DE',
    'zh-hans',
  ),
  fc.constantFrom(...MODELS.map(({ id }) => id), 'models/gemini-3.8-live', 'nobody/knows'),
  fc.constantFrom(
    'http://localhost:1',
    'https://u:p@h/',
    'ws://example.com',
    'http://[::1]',
    'http://',
    'reply.wav',
  ),
  fc.double().map(String),
  fc.integer().map(String),
  anyText,
);

const longFlag = fc
  .tuple(fc.constantFrom('--', '--', '--', '--no-', '-'), fc.constantFrom(...longNames))
  .map((parts) => parts.join(''));
const nearFlag = fc
  .tuple(longFlag, fc.nat(20), anyText)
  .map(([flag, at, text]) => flag.slice(0, at) + text.slice(0, 2) + flag.slice(at + 1));
const tokens: fc.Arbitrary<string[]> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(longFlag, value) },
  { weight: 4, arbitrary: fc.tuple(longFlag, value).map(([flag, text]) => [`${flag}=${text}`]) },
  { weight: 4, arbitrary: longFlag.map((flag) => [flag]) },
  { weight: 1, arbitrary: nearFlag.map((flag) => [flag]) },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.constantFrom(...shortNames, 'h', 'V', 'x', '=', '1'), {
        minLength: 1,
        maxLength: 4,
      })
      .map((letters) => [`-${letters.join('')}`]),
  },
  { weight: 1, arbitrary: value.map((text) => [text]) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('--', 'help', '--help', '-V', 'chat', 'nonsense')
      .map((word) => [word]),
  },
);
const argv = fc
  .tuple(
    fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...COMMANDS) }, value),
    fc.array(tokens, { maxLength: 4 }),
    fc.nat(3),
  )
  .map(([command, groups, at]) => {
    const all: string[][] = [...groups];
    all.splice(at, 0, [command]);
    return all.flat();
  });
const surroundings = fc.dictionary(
  fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...envNames, 'GEMINI_API_KEY', 'GOOGLE_API_KEY') },
    fc.constantFrom('GEMLIVE_NONE', 'GEMLIVE_', 'HTTPS_PROXY', '__proto__'),
    anyText,
  ),
  value,
  { maxKeys: 3 },
);

/** What the user reads: at most three lines, and nothing in them that moves a cursor. */
function ensureReadable(
  print: (place: Parameters<typeof printError>[1]) => void,
  secret: string,
): void {
  let told = '';
  const stderr = { write: (text: string) => (told += text) };
  print({ stderr, color: false, secrets: secret === '' ? [] : [secret] });
  ensure(/^[^\n]+\n([^\n]+\n){0,2}$/.test(told), `not one to three lines: ${JSON.stringify(told)}`);
  ensure(!/[\u0000-\u0009\u000B-\u001F\u007F-\u009F]/.test(told), 'control characters');
}

const options = fc.property(
  argv,
  surroundings,
  surroundings,
  fc.boolean(),
  (given, env, dotenv, hasKey) => {
    const warnings: Warning[] = [];
    try {
      const invocation = parseCommandLine(given, 80);
      if (invocation.kind === 'help') ensure(invocation.text.startsWith('Usage: gemlive'), 'help');
      if (invocation.kind !== 'run') return true;
      const { command, flags, args } = invocation;
      const [fromEnv, fromDotenv] = [environmentLayer(env), dotenvLayer(dotenv)];
      const layers = {
        flag: flags,
        env: fromEnv.layer,
        dotenv: fromDotenv.layer,
        config: EMPTY_LAYER,
        cwd: '/',
        configFolder: '/',
        warnings: [...fromEnv.warnings, ...fromDotenv.warnings],
      };
      const resolved = settleCombinations(resolveSettings(command, layers), args);
      warnings.push(...resolved.warnings);
      const { settings, sources, profile } = resolved;
      const place = notFinite(settings);
      ensure(place === undefined, `${place} is no number`);
      for (const key of SETTING_KEYS) {
        const { layer } = sources[key];
        if (flags[key]) ensure(layer === 'flag', `${key} was given as a flag and is ${layer}'s`);
        if (key === 'baseUrl' || layer !== 'dotenv') continue;
        const option = optionOf(key);
        ensure(option.value.plain || option.fromDotenv === true, `${key} from .env`);
      }
      if (!['talk', 'chat', 'file'].includes(command)) return true;
      const setup = toSetup(settings, profile);
      ensure(setup.model.includes('/'), 'the model has no folder');
      ensure(notFinite(setup) === undefined, 'a setup that JSON cannot carry');
      toEndpoint(settings, hasKey ? { apiKey: 'key' } : resolved.credential);
    } catch (error) {
      if (!(error instanceof GemliveError)) throw error;
      const { exitCode, code } = error;
      ensure(
        exitCode === EXIT.usage || code === 'no_key' || code === 'bad_key',
        `${code}, exit ${exitCode}`,
      );
      ensureReadable((place) => printError(error, place), '');
    }
    for (const warning of warnings) ensureReadable((place) => printWarning(warning, place), '');
    return true;
  },
);

const valueKinds = fc.property(fc.constantFrom(...SETTING_KEYS), value, (key, text) => {
  const { value: kind } = optionOf(key);
  const read = kind.read(text);
  if (read === undefined) return true;
  ensure(notFinite({ read }) === undefined, `${key} takes ${text} for ${String(read)}`);
  // What was read is read again, and is the same: config.json and flags say the same things.
  const again = kind.read(Array.isArray(read) ? String(read[0]) : String(read));
  ensure(
    JSON.stringify(again) === JSON.stringify(read),
    `${key}: ${String(read)} is ${String(again)}`,
  );
  return true;
});

export const OPTION_TARGETS: readonly Target[] = [
  { name: 'command line to setup', share: 8, property: options },
  { name: 'values', share: 2, property: valueKinds },
];
