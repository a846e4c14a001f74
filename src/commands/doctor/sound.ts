/** Everything about sound, in the order of its dependence: server, recorder, microphone, player, loopback, speech. */
import { isDefaultSinkMonitor } from '../../audio/devices/pulse.ts';
import type { AudioSink } from '../../audio/ports.ts';
import type { CommandContext } from '../context.ts';
import { skipped, type CheckName } from './check.ts';
import {
  askSoundServer,
  openedCheck,
  openInput,
  openingFailed,
  openOutput,
  soundCheck,
  type Opened,
} from './devices.ts';
import { Ear } from './ear.ts';
import {
  listenForChirps,
  loopbackCheck,
  playChirps,
  playerCheck,
  type Played,
} from './loopback.ts';
import { microphoneCheck } from './microphone.ts';
import type { Report } from './report.ts';
import { askToSpeak, canAsk } from './speech.ts';
import type { System } from './system.ts';

/** The room, before anything is played. */
const ROOM_MS = 700;
/** What a recorder gives at first is often the click of its start. */
const SETTLE_MS = 100;
/** Where nothing can be played, zeros must last so long to count. */
const ZEROS_MS = 2000;

/** @throws what `signal` says. */
export async function checkSound(
  context: CommandContext,
  system: System,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const { settings } = context;
  const skip = (why: string, ...names: CheckName[]): void => {
    for (const name of names) report.tell(skipped(name, why));
  };
  if (!settings.mic && !settings.speaker) {
    for (const name of ['sound', 'recorder', 'microphone', 'player', 'loopback', 'speech'] as const)
      report.leaveOut(name);
    return;
  }
  const [server, input, output] = await Promise.all([
    askSoundServer(context),
    settings.mic ? openInput(context, signal) : undefined,
    settings.speaker ? openOutput(context, signal) : undefined,
  ]);
  const wanted = [input, output].filter((part) => part !== undefined);
  const ear = input?.handle && new Ear(input.handle, signal);
  try {
    const sound = soundCheck(server, wanted, system);
    report.tell(sound);
    if (sound.status === 'fail') {
      skip('no sound server', 'recorder', 'microphone', 'player', 'loopback', 'speech');
      return;
    }
    const inputFailed = input && openingFailed(input, system);
    if (inputFailed) report.tell(inputFailed);
    else if (input) report.tell(openedCheck(input));
    if (!ear || !input) {
      const why = settings.mic ? 'no recorder' : '--no-mic';
      if (!settings.mic) report.leaveOut('recorder');
      skip(why, 'microphone');
      await checkPlayer(output, system, report, signal);
      skip(why, 'loopback', 'speech');
      return;
    }
    await checkBoth({ context, system, report, signal, input, output, ear });
  } finally {
    await Promise.all([ear?.close(), output?.handle?.close()]);
  }
}

type Part = { output: Opened<AudioSink> | undefined; report: Report; system: System };

/** Without a microphone: whether it plays to the end. */
async function checkPlayer(
  output: Opened<AudioSink> | undefined,
  system: System,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const played = output?.handle && (await playChirps(output.handle, signal));
  tellPlayer({ output, report, system }, played);
}

function tellPlayer({ output, report, system }: Part, played: Played | undefined): void {
  if (output === undefined) return report.leaveOut('player');
  const failure = openingFailed(output, system);
  if (failure) return report.tell(failure);
  if (played) report.tell(playerCheck(output, played, system));
}

type Stage = Part & {
  context: CommandContext;
  signal: AbortSignal;
  input: Opened<unknown>;
  ear: Ear;
};

async function checkBoth(stage: Stage): Promise<void> {
  const { context, system, report, signal, input, output, ear } = stage;
  const { device } = input;
  const { settings } = context;
  await ear.until(ROOM_MS, signal);
  const room = ear.levels(SETTLE_MS);
  // PipeWire calls what a sink plays by the name of that sink.
  const isLoudspeaker =
    device?.isMonitor === true &&
    (device.id === output?.device?.id || (await isDefaultSinkMonitor(device.id, context.childEnv)));
  const tellMicrophone = (): void => {
    report.tell(microphoneCheck({ opened: input, ear, room, isLoudspeaker, system }));
  };
  // A gate may open for a sound: zeros are no verdict before the chirps.
  if (ear.hasSound || ear.lost) tellMicrophone();
  const sink = output?.handle;
  if (sink === undefined) {
    if (!ear.hasSound) await ear.until(ZEROS_MS, signal);
    if (!report.has('microphone')) tellMicrophone();
    tellPlayer(stage, undefined);
    report.tell(skipped('loopback', output === undefined ? '--no-speaker' : 'no player'));
  } else {
    const played = await playChirps(sink, signal);
    const found =
      'error' in played ? undefined : await listenForChirps(ear, played.startMs, signal);
    if (!report.has('microphone')) tellMicrophone();
    tellPlayer(stage, played);
    if ('error' in played) report.tell(skipped('loopback', 'the player does not play'));
    else if (!found || !report.isFine('microphone'))
      report.tell(skipped('loopback', 'nothing comes from the microphone'));
    else if (output) report.tell(loopbackCheck(found, playerCheck(output, played, system)));
  }
  if (!report.isFine('microphone'))
    report.tell(skipped('speech', 'nothing comes from the microphone'));
  else if (canAsk(context)) report.tell(await askToSpeak(context, { ear, room, input, signal }));
  else report.tell(skipped('speech', settings.yes ? '--yes' : 'nobody to ask'));
}
