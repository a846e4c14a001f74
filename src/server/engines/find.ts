/** Which engines this machine has: found by running them, all at once, without holding up the server. */
import { usageError } from '../../errors.ts';
import type { ChildEnvironment } from '../../audio/subprocess.ts';
import type { Brain } from '../brain/brain.ts';
import { BUILT_IN } from '../brain/builtIn.ts';
import type { Ears, Voice } from './engine.ts';
import { findPocketsphinx } from './pocketsphinx.ts';
import { findEspeak, findFlite, NO_VOICE } from './voices.ts';

type Find<T> = (
  environment: ChildEnvironment | undefined,
  signal: AbortSignal,
) => Promise<T | undefined>;

/** The best first. */
const EARS: Record<string, Find<Ears>> = { pocketsphinx: findPocketsphinx };
const VOICES: Record<string, Find<Voice>> = { flite: findFlite, 'espeak-ng': findEspeak };

/** What `--stt` and `--tts` take. */
export const EAR_NAMES: readonly string[] = [...Object.keys(EARS), 'none'];
export const VOICE_NAMES: readonly string[] = [...Object.keys(VOICES), 'none'];

const INSTALL: Record<string, string> = {
  pocketsphinx: 'on Debian: apt-get install pocketsphinx pocketsphinx-en-us',
  flite: 'on Debian: apt-get install flite',
  'espeak-ng': 'on Debian: apt-get install espeak-ng',
};

export type EngineChoice = {
  /** `pocketsphinx` or `none`; absent: the best that is here. */
  stt?: string;
  /** `flite`, `espeak-ng` or `none`; absent: the best that is here. */
  tts?: string;
  /** What thinks, as code. Default: the built-in rules. */
  brain?: Brain;
  environment?: ChildEnvironment;
};

/** Each as soon as it is found: an answer to a text need not wait for ears. */
export type Engines = {
  ears: Promise<Ears | undefined>;
  brain: Promise<Brain>;
  voice: Promise<Voice>;
};

/**
 * The promises reject with a GemliveError (exit 2) for an engine that was asked for by name and is not here.
 *
 * @throws GemliveError (exit 2) for a name that is no engine's, before anything is started.
 */
export function findEngines(choice: EngineChoice, signal: AbortSignal): Engines {
  checkName('--stt', EARS, choice.stt);
  checkName('--tts', VOICES, choice.tts);
  const { environment } = choice;
  const ears = find('--stt', EARS, choice.stt, environment, signal);
  const voice = find('--tts', VOICES, choice.tts, environment, signal).then(
    (found) => found ?? NO_VOICE,
  );
  // Looked at where they are needed; a server that is closed at once never does.
  ears.catch(() => {});
  voice.catch(() => {});
  return { ears, brain: Promise.resolve(choice.brain ?? BUILT_IN), voice };
}

function checkName(option: string, table: object, name: string | undefined): void {
  if (name === undefined || name === 'none' || Object.hasOwn(table, name)) return;
  throw usageError(
    `${option}: there is no engine "${name}"`,
    `one of: ${[...Object.keys(table), 'none'].join(', ')}`,
  );
}

async function find<T>(
  option: string,
  table: Record<string, Find<T>>,
  name: string | undefined,
  environment: ChildEnvironment | undefined,
  signal: AbortSignal,
): Promise<T | undefined> {
  if (name === 'none') return undefined;
  if (name !== undefined) {
    const engine = await table[name]?.(environment, signal);
    if (engine === undefined) {
      throw usageError(
        `${option}: ${name} is not on this machine, or does not work`,
        INSTALL[name],
      );
    }
    return engine;
  }
  const found = await Promise.all(Object.values(table).map((look) => look(environment, signal)));
  return found.find((engine) => engine !== undefined);
}
