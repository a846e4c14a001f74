/** Which engines this machine has: found by running them, all at once, without holding up the server. */
import { usageError } from '../../errors.ts';
import type { ChildEnvironment } from '../../audio/subprocess.ts';
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
  environment?: ChildEnvironment;
};

export type Engines = { ears: Ears | undefined; voice: Voice };

/** @throws GemliveError (exit 2) for an engine that was asked for and does not exist or is not here. */
export async function findEngines(choice: EngineChoice, signal: AbortSignal): Promise<Engines> {
  const [ears, voice] = await Promise.all([
    find('--stt', EARS, choice.stt, choice.environment, signal),
    find('--tts', VOICES, choice.tts, choice.environment, signal),
  ]);
  return { ears, voice: voice ?? NO_VOICE };
}

/** Told before anything is started. */
export function checkEngineNames({ stt, tts }: EngineChoice): void {
  checkName('--stt', EARS, stt);
  checkName('--tts', VOICES, tts);
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
