/** `gemlive devices`: microphones and loudspeakers, and which backend reaches them, found as `talk` finds it. */
import { openPlayer, openRecorder } from '../audio/backends.ts';
import type { OpenDeviceOptions, TriedBackend } from '../audio/backends.ts';
import type { Device, Direction } from '../audio/devices/device.ts';
import { listDevices } from '../audio/devices/list.ts';
import { EXIT, GemliveError } from '../errors.ts';
import { harmless } from '../ui/harmless.ts';
import type { CommandContext } from './context.ts';
import { lastEcho } from './echoState.ts';
import { agoOf } from './lastSession.ts';
import { echoModeOf, echoWords } from './talk/echo.ts';

type Found = {
  direction: Direction;
  tried: TriedBackend[];
  asked: boolean;
  /** None opened. */
  error?: GemliveError;
  devices: readonly Device[];
  /** Why there is no list. */
  unlisted?: string;
};

export async function run(context: CommandContext): Promise<number> {
  const { settings, signal } = context;
  const found = await Promise.all([
    find('input', openRecorder, settings.recorder, context),
    find('output', openPlayer, settings.player, context),
  ]);
  signal.throwIfAborted();
  const [microphones, speakers] = found;
  if (microphones.error && speakers.error) {
    const { code, why, hint } = microphones.error;
    throw new GemliveError('there is neither a microphone nor a loudspeaker', {
      code,
      exitCode: EXIT.audio,
      why: [why, speakers.error.why].filter((one) => one !== undefined).join('; '),
      ...(hint !== undefined && { hint }),
    });
  }
  for (const part of found) {
    if (context.events) tell(part, context);
    else context.stdout.write(`${lines(part).map(harmless).join('\n')}\n`);
  }
  await tellEcho(context, microphones.devices);
  return EXIT.ok;
}

async function find(
  direction: Direction,
  open: (options: OpenDeviceOptions) => Promise<{ close(): Promise<void> }>,
  name: string | undefined,
  { childEnv, signal }: CommandContext,
): Promise<Found> {
  const tried: TriedBackend[] = [];
  const found: Found = { direction, tried, asked: name !== undefined, devices: [] };
  try {
    const device = await open({
      environment: childEnv,
      signal,
      onTried: (backend) => tried.push(backend),
      ...(name !== undefined && { name }),
    });
    await device.close();
  } catch (error) {
    if (!(error instanceof GemliveError) || error.exitCode !== EXIT.audio) throw error;
    return { ...found, error };
  }
  const system = tried.at(-1)?.system;
  if (system === undefined)
    return { ...found, unlisted: 'it plays or records, but lists no devices' };
  const list = await listDevices(system, direction, childEnv);
  return list.failure === undefined
    ? { ...found, devices: list.devices }
    : { ...found, unlisted: list.failure };
}

/** A source that a sound server has made of another one and what is played. */
const SYSTEM_CANCELLER = /echo[-_ ]?cancel/i;

/** What `talk` would do about the loudspeaker in the microphone, and how well it did the last time. */
async function tellEcho(
  { settings, events, stdout }: CommandContext,
  microphones: readonly Device[],
): Promise<void> {
  const mode = echoModeOf({ ...settings, mic: true, speaker: true, text: false });
  const last = await lastEcho();
  const system = microphones.find(({ id, name }) => SYSTEM_CANCELLER.test(`${id} ${name}`));
  if (events) {
    events.emit('echo', { mode, ...(system && { systemCanceller: system.id }), last });
    return;
  }
  const what = {
    aec: 'the loudspeaker is taken out of the microphone, by gemlive itself',
    gate: 'the microphone is closed while the loudspeaker plays, unless you are louder',
    off: 'nothing is done: use headphones',
  }[mode];
  const rows = ['echo', `    ${mode}: ${what}`];
  if (last)
    rows.push(
      `    last talk, ${agoOf(last)} (${last.microphone}, ${last.loudspeaker}): ${echoWords(last)}`,
    );
  if (system)
    rows.push(
      `    the sound server has a canceller too: --input-device ${system.id} --echo off uses that one`,
    );
  stdout.write(`${rows.map(harmless).join('\n')}\n`);
}

const KINDS = {
  input: { title: 'microphones', backend: 'recorder' },
  output: { title: 'loudspeakers', backend: 'player' },
} as const;

/** `parec: the first that opened; before it pw-record: not installed`. */
function reason({ tried, error, direction, asked }: Found): {
  name: string | undefined;
  why: string;
} {
  const failures = tried.filter(({ failure }) => failure !== undefined);
  const said = failures.map(({ failure }) => failure).join('; ');
  if (error) return { name: undefined, why: error.why ?? error.message };
  const name = tried.at(-1)?.name;
  const first = asked ? 'as asked for' : `the first ${KINDS[direction].backend} that opened`;
  return { name, why: failures.length === 0 ? first : `${first}; before it ${said}` };
}

function tell(found: Found, { events }: CommandContext): void {
  const { direction, devices, unlisted } = found;
  for (const [at, { isDefault, isMonitor, ...device }] of devices.entries()) {
    const marks = { default: isDefault, monitor: isMonitor };
    events?.emit('device', { direction, index: at + 1, ...device, ...marks });
  }
  events?.emit('backend', { direction, ...reason(found), unlisted });
}

function lines(found: Found): string[] {
  const { direction, devices, unlisted } = found;
  const { title, backend } = KINDS[direction];
  const { name, why } = reason(found);
  const widths = {
    name: Math.max(0, ...devices.map((device) => device.name.length)),
    id: Math.max(0, ...devices.map((device) => device.id.length)),
  };
  const rows = devices.map((device, at) => {
    const index = String(at + 1).padStart(3);
    const mark = device.isDefault ? '*' : ' ';
    const names = `${device.name.padEnd(widths.name)}  ${device.id.padEnd(widths.id)}`;
    return `${index} ${mark} ${names}  ${stateOf(device)}`.trimEnd();
  });
  if (rows.length === 0) rows.push(`    ${unlisted ?? 'none'}`);
  return [title, ...rows, `    ${backend}: ${name ?? 'none'} (${why})`];
}

function stateOf({ isMonitor, muted, volumePercent }: Device): string {
  const states = [
    isMonitor ? 'what that loudspeaker plays' : '',
    muted ? 'muted' : volumePercent === undefined ? '' : `${volumePercent} %`,
  ];
  return states.filter((state) => state !== '').join(', ');
}
