/** The steps of loudspeaker and microphone: the user hears the one and speaks into the other. */
import { FRAME_MS } from '../../audio/format.ts';
import type { Device, Direction } from '../../audio/devices/device.ts';
import type { AudioSink } from '../../audio/ports.ts';
import type { RecorderSource } from '../../audio/sources/recorder.ts';
import { GemliveError } from '../../errors.ts';
import { glyphsFor } from '../../ui/glyphs.ts';
import { meter } from '../../ui/layout.ts';
import type { CommandContext } from '../context.ts';
import { openInput, openOutput, type Opened } from '../doctor/devices.ts';
import { Ear } from '../doctor/ear.ts';
import { microphoneCheck } from '../doctor/microphone.ts';
import { lookAtSystem } from '../doctor/system.ts';
import { play, sentence, voiceHere } from './sound.ts';
import type { Stage } from './stage.ts';

const WORDS = 'Hello. If you can hear this, the loudspeaker works.';
const DOCTOR = 'gemlive doctor finds out why, and what helps';
/** The meter is empty at the one level and full at the other. */
const [QUIET_DBFS, LOUD_DBFS] = [-60, -10];
const CELLS = 12;
/** A voice is this much louder than the room, and at least this loud. */
const SPEECH_OVER_ROOM_DB = 10;
const SPEECH_DBFS = -45;
/** The first frames of a recorder often hold the click of its start. */
const SETTLE_MS = 5 * FRAME_MS;

type Answer = 'yes' | 'again' | 'another' | 'no' | 'skipped';

const PARTS = {
  output: { title: 'Loudspeaker', option: 'output-device', setting: 'outputDevice' },
  input: { title: 'Microphone', option: 'input-device', setting: 'inputDevice' },
} as const;

export async function speakerStep(stage: Stage): Promise<void> {
  if (!stage.context().settings.speaker) return stage.say('Loudspeaker: left out');
  const voice = await voiceHere(stage.context(), stage.signal);
  await tryDevices(stage, 'output', openOutput, async (opened: Opened<AudioSink>, sink) => {
    for (;;) {
      stage.dialog.status('playing …');
      const problem = await heard(stage, async (signal) =>
        play(sink, await sentence(voice, WORDS, undefined, signal), signal),
      );
      if (problem) stage.complain('Nothing could be played', problem);
      const answer = await ask(stage, 'Did you hear it?', opened, {
        yes: 'yes',
        again: 'play it again',
      });
      if (answer === 'again') continue;
      stage.canHear = answer === 'yes';
      if (answer === 'no') stage.say(`  try: ${DOCTOR}`);
      return answer;
    }
  });
}

async function heard(
  stage: Stage,
  playing: (signal: AbortSignal) => Promise<void>,
): Promise<GemliveError | undefined> {
  try {
    await stage.dialog.during(playing);
    return undefined;
  } catch (error) {
    if (error instanceof GemliveError) return error;
    throw error;
  }
}

export async function microphoneStep(stage: Stage): Promise<void> {
  if (!stage.context().settings.mic) return stage.say('Microphone: left out');
  await tryDevices(stage, 'input', openInput, async (opened: Opened<RecorderSource>, source) => {
    const ear = new Ear(source, stage.signal);
    try {
      const answer = await ask(
        stage,
        'Say something. Does the bar move?',
        opened,
        { yes: 'yes' },
        () => shown(ear, stage.context()),
      );
      if (answer === 'no') await sayWhatIsWrong(stage, opened, ear);
      return answer;
    } finally {
      await ear.close();
    }
  });
}

/** Shows the level as a bar; without cursor movement, only whether somebody was heard. */
function shown(ear: Ear, { plain, childEnv }: CommandContext): string {
  if (ear.lost) return `${ear.lost.message}: ${ear.lost.why ?? ''}`;
  const { floorDbfs, loudDbfs } = ear.levels(SETTLE_MS);
  const isHeard = loudDbfs > SPEECH_DBFS && loudDbfs - floorDbfs > SPEECH_OVER_ROOM_DB;
  const words = isHeard ? 'you are heard' : 'nobody is heard yet';
  if (plain) return words;
  const level = (ear.levelNow() - QUIET_DBFS) / (LOUD_DBFS - QUIET_DBFS);
  return `${meter(level, CELLS, glyphsFor(childEnv))} ${words}`;
}

async function sayWhatIsWrong(stage: Stage, opened: Opened<unknown>, ear: Ear): Promise<void> {
  const room = ear.levels(SETTLE_MS);
  const system = await lookAtSystem();
  const check = microphoneCheck({ opened, ear, room, isLoudspeaker: false, system });
  if (check.status === 'ok') return stage.say(`  try: ${DOCTOR}`);
  stage.say(`Microphone: ${check.summary}`);
  for (const fix of check.fix ?? []) stage.say(`  try: ${'run' in fix ? fix.run : fix.words}`);
}

/** Opens the current device, lets the user choose where there are several, and saves the one that passes `test`. */
async function tryDevices<Handle extends { close(): Promise<void> }>(
  stage: Stage,
  direction: Direction,
  open: (context: CommandContext, signal: AbortSignal) => Promise<Opened<Handle>>,
  test: (opened: Opened<Handle>, handle: Handle) => Promise<Answer>,
): Promise<void> {
  const { title, option, setting } = PARTS[direction];
  let wanted: Device | undefined;
  let mayChoose = true;
  for (;;) {
    stage.dialog.status(`opening: ${title.toLowerCase()} …`);
    const { signal } = stage;
    const context = stage.context(wanted === undefined ? {} : { [setting]: wanted.id });
    const opened = await stage.dialog.during((skip) =>
      open(context, AbortSignal.any([skip, signal])),
    );
    if (opened === undefined) return stage.say(`${title}: skipped`);
    const { handle, error, tried, device, others = [] } = opened;
    if (handle === undefined) {
      // What each of several programs said would fill the screen; doctor tells it one by one.
      if (tried.length > 1) stage.say(`${title}: none opens: ${tried.length} programs were tried`);
      else if (error) stage.complain(`${title}: none opens`, error);
      return stage.say(`  try: ${DOCTOR}`);
    }
    let answer: Answer;
    try {
      const devices = device === undefined ? [] : [device, ...others];
      if (mayChoose && devices.length > 1) {
        const chosen = await stage.dialog.choose(`${title}:`, itemsOf(devices));
        if (chosen === undefined) return;
        mayChoose = false;
        if (chosen !== device) {
          wanted = chosen;
          continue;
        }
      } else if (device !== undefined) stage.say(`${title}: ${device.name}`);
      answer = await test(opened, handle);
    } finally {
      await handle.close();
    }
    mayChoose = answer === 'another';
    if (mayChoose) continue;
    if (answer !== 'yes' || device === undefined) return;
    stage.use({ [setting]: device.isDefault ? undefined : device.id });
    // A default is not saved, so that gemlive follows the system when it changes.
    await stage.save({ [option]: device.isDefault ? undefined : device.id });
    return;
  }
}

/** The id tells devices apart that have the same name. */
function itemsOf(devices: readonly Device[]): { label: string; value: Device }[] {
  return devices.map((device) => {
    const { id, name, isDefault, muted } = device;
    const isAlone = devices.every((one) => one === device || one.name !== name);
    const marks = [
      isAlone ? '' : id,
      isDefault ? "the system's default" : '',
      muted ? 'muted' : '',
    ];
    const told = marks.filter((mark) => mark !== '').join(', ');
    return { label: told === '' ? name : `${name} (${told})`, value: device };
  });
}

/** A skipped question saves nothing and complains of nothing. */
async function ask(
  stage: Stage,
  question: string,
  { others = [] }: Opened<unknown>,
  { yes, again }: { yes: string; again?: string },
  live?: () => string,
): Promise<Answer> {
  const answer = await stage.dialog.choose<Answer>(
    question,
    [
      { label: yes, value: 'yes' },
      ...(again === undefined ? [] : [{ label: again, value: 'again' } as const]),
      ...(others.length === 0 ? [] : [{ label: 'no, try another one', value: 'another' } as const]),
      { label: 'no', value: 'no' },
    ],
    live ? { live } : {},
  );
  return answer ?? 'skipped';
}
