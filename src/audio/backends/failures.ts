/** Why a player or recorder could not be opened: exactly which thing is missing, and how to get it. */
import { EXIT, GemliveError } from '../../errors.ts';
import type { ProcessEnd } from '../subprocess.ts';

/** One backend that did not open. Collected while the next one is tried. */
export class OpenFailure extends Error {
  /** The program itself is not there, as against a server or a device. */
  readonly missingProgram: boolean;
  /** A native module, which on Linux reaches no more than ALSA. */
  readonly isModule: boolean;
  /** The device is there, and the sound server has suspended it. */
  readonly isSuspended: boolean;

  constructor(
    reason: string,
    { missingProgram = false, isModule = false, isSuspended = false } = {},
  ) {
    super(reason);
    this.missingProgram = missingProgram;
    this.isModule = isModule;
    this.isSuspended = isSuspended;
  }
}

/** What the programs print, and what it means. */
const MEANINGS: readonly [said: RegExp, meaning: string][] = [
  [/connection refused|connection failure|connection terminated/i, 'no sound server answers'],
  [/host is down|ALSA lib pulse/i, 'no sound server answers'],
  [/no such entity/i, 'the sound server has no such device'],
  [
    /unknown PCM|no such file or directory|cannot find card|no such device/i,
    'no such sound device',
  ],
  [/device or resource busy/i, 'the sound device is in use by another program'],
  [/permission denied|access denied/i, 'no permission to use the sound device'],
  [/no default audio device|can't open default|Assertion `pcm/i, 'no sound device'],
  [/write\(\) failed|takes no sound/i, 'the sound device is gone'],
];

/** Lines from inside a native module: they mean something to its author only. */
const INSIDE = /Assertion `|deps\/mpg123/;

/** What a shell says of it. */
const NO_SUCH_COMMAND = 127;

/** The end of a program as one clause: its own last words, explained where they are known. */
export function describeEnd(end: ProcessEnd, stderrTail: readonly string[]): string {
  if (end.failedToStart !== undefined) {
    const { code, message } = end.failedToStart;
    return code === 'ENOENT' ? 'not installed' : code === 'EACCES' ? 'may not be run' : message;
  }
  if (end.code === NO_SUCH_COMMAND) return 'not installed';
  const meaning = MEANINGS.find(([said]) => stderrTail.some((line) => said.test(line)))?.[1];
  const words = stderrTail.findLast((line) => !INSIDE.test(line));
  if (meaning !== undefined) return words === undefined ? meaning : `${meaning} (${words})`;
  if (end.signal !== null) return `it was ended by ${end.signal}`;
  return words ?? `it ended with code ${end.code}`;
}

export function failureOf(
  command: string,
  end: ProcessEnd,
  stderrTail: readonly string[],
  isModule = false,
): OpenFailure {
  return new OpenFailure(`${command}: ${describeEnd(end, stderrTail)}`, {
    missingProgram: end.failedToStart?.code === 'ENOENT' || end.code === NO_SUCH_COMMAND,
    isModule,
  });
}

const LIST = '`gemlive devices` lists what there is';

type Kind = 'player' | 'recorder';

const WORDS = {
  player: {
    code: 'no_player',
    command: 'the speaker command does not work',
    tryCommand: 'try it in a shell: it must read raw s16le mono of 24 kHz until its input ends',
    programs: 'no program that plays sound was found',
    device: 'no loudspeaker could be opened',
    install:
      'sudo apt install pulseaudio-utils, or alsa-utils (dnf: the same; pacman: libpulse, alsa-utils)',
    check:
      'pactl info, aplay -L: is a sound server running, and is there an output device? `gemlive doctor` looks',
  },
  recorder: {
    code: 'no_recorder',
    command: 'the microphone command does not work',
    tryCommand: 'try it in a shell: it must write raw s16le mono of 16 kHz until it is killed',
    programs: 'no program that records sound was found',
    device: 'no microphone could be opened',
    install:
      'sudo apt install pulseaudio-utils, or alsa-utils, or sox (dnf: the same; pacman: libpulse; brew install sox)',
    check:
      'pactl list short sources, arecord -L: is a sound server running, and is there a microphone? `gemlive doctor` looks',
  },
} as const;

/** The error after every candidate has failed. `isCommand`: the user's own was the only one; `wanted`: this device. */
export function nothingOpened(
  kind: Kind,
  failures: readonly OpenFailure[],
  { isCommand = false, wanted }: { isCommand?: boolean; wanted?: string | undefined } = {},
): GemliveError {
  const words = WORDS[kind];
  const why = failures.map((failure) => failure.message).join('; ');
  if (isCommand) {
    const hint = words.tryCommand;
    return new GemliveError(words.command, { code: words.code, exitCode: EXIT.audio, why, hint });
  }
  const programs = failures.filter((one) => !(one.isModule && process.platform === 'linux'));
  const telling = programs.length > 0 ? programs : failures;
  const noProgram = telling.every((failure) => failure.missingProgram);
  return new GemliveError(noProgram ? words.programs : words.device, {
    code: noProgram ? words.code : 'no_device',
    exitCode: EXIT.audio,
    why,
    hint: noProgram ? words.install : wanted === undefined ? words.check : LIST,
  });
}
