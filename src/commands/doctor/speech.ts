/** The one thing that needs the user: to say something. */
import { floatFromS16 } from '../../audio/pcm.ts';
import { glyphsFor } from '../../ui/glyphs.ts';
import { meter } from '../../ui/layout.ts';
import type { CommandContext } from '../context.ts';
import { skipped, type Check } from './check.ts';
import type { Opened } from './devices.ts';
import type { Ear, RoomLevels } from './ear.ts';
import { speechCheck } from './microphone.ts';

const LISTEN_MS = 3000;
const REDRAW_MS = 100;
/** Of the meter. */
const [QUIET_DBFS, LOUD_DBFS] = [-60, -10];
const ERASE_LINE = '\r\u001b[K';

/** Somebody sits there who reads what is asked. */
export function canAsk({ settings, stdinTty, stdoutTty, stderrTty }: CommandContext): boolean {
  const { yes, json, quiet } = settings;
  return !yes && !json && !quiet && stdinTty && stdoutTty && stderrTty;
}

type Asking = { ear: Ear; room: RoomLevels; input: Opened<unknown>; signal: AbortSignal };

/** @throws what `signal` says. */
export async function askToSpeak(
  context: CommandContext,
  { ear, room, input, signal }: Asking,
): Promise<Check> {
  const { stdin, stderr, plain, childEnv } = context;
  const fromMs = ear.capturedMs;
  const enter = new AbortController();
  const onInput = (): void => enter.abort();
  stdin.on('data', onInput);
  stdin.on('end', onInput);
  const glyphs = glyphsFor(childEnv);
  const prompt = 'say something, for 3 s (Enter: skip)';
  const draw = (): void => {
    const level = (ear.levelNow() - QUIET_DBFS) / (LOUD_DBFS - QUIET_DBFS);
    stderr.write(`${ERASE_LINE}${prompt} ${meter(level, 8, glyphs)}`);
  };
  if (plain || stderr.columns < prompt.length + 10) stderr.write(`${prompt}\n`);
  const isDrawn = !plain && stderr.columns >= prompt.length + 10;
  const timer = isDrawn ? setInterval(draw, REDRAW_MS) : undefined;
  try {
    await ear.until(fromMs + LISTEN_MS, AbortSignal.any([signal, enter.signal]));
  } catch (error) {
    if (!enter.signal.aborted || signal.aborted) throw error;
    return skipped('speech', 'as you wish');
  } finally {
    clearInterval(timer);
    if (isDrawn) stderr.write(ERASE_LINE);
    stdin.off('data', onInput);
    stdin.off('end', onInput);
    stdin.pause();
  }
  const said = ear.levels(fromMs);
  return speechCheck(said, room, clippedShare(ear.pcm(fromMs)), input);
}

function clippedShare(pcm: Uint8Array): number {
  const samples = floatFromS16(pcm);
  const clipped = samples.reduce((sum, sample) => sum + (Math.abs(sample) > 0.999 ? 1 : 0), 0);
  return samples.length === 0 ? 0 : clipped / samples.length;
}
