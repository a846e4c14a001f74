/** What the microphone gives, judged: nothing, a room, or somebody who speaks. Pure. */
import type { Device } from '../../audio/devices/device.ts';
import { EXIT } from '../../errors.ts';
import type { Check, Fix } from './check.ts';
import { isDummy, type Opened } from './devices.ts';
import type { Ear, RoomLevels } from './ear.ts';
import { deviceFix, fixesFor } from './fixes.ts';
import type { System } from './system.ts';

/** Louder than this all the time, and speech does not stand out. */
const LOUD_ROOM_DBFS = -35;
/** Nobody's voice at an arm's length is as quiet. */
const QUIET_SPEECH_DBFS = -45;
const SPEECH_OVER_ROOM_DB = 10;
const LOW_VOLUME_PERCENT = 15;
/** What {@link deviceFix} turns up to. */
const FULL_VOLUME_PERCENT = 80;

type Microphone = {
  opened: Opened<unknown>;
  ear: Pick<Ear, 'hasSound' | 'lost'>;
  room: RoomLevels;
  /** It is what our own loudspeaker plays. */
  isLoudspeaker: boolean;
  system: System;
};

export function microphoneCheck({ opened, ear, room, isLoudspeaker, system }: Microphone): Check {
  const { device, backend } = opened;
  const facts = {
    floorDbfs: round(room.floorDbfs),
    loudDbfs: round(room.loudDbfs),
    zeros: !ear.hasSound,
    muted: device?.muted,
    volumePercent: device?.volumePercent,
  };
  const common = { name: 'microphone', facts } as const;
  const fix = (what: 'unmute' | 'louder'): Fix =>
    deviceFix(what, 'input', backend?.system, device?.id ?? '@DEFAULT_SOURCE@');
  const dead = (summary: string, fixes: readonly Fix[]): Check => ({
    ...common,
    status: 'fail',
    summary,
    fix: fixes,
    exitCode: EXIT.audio,
  });
  if (ear.lost) {
    const { message, why = '', hint } = ear.lost;
    return { ...dead(message, hint === undefined ? [] : [{ words: hint }]), more: [why] };
  }
  if (isDummy(opened)) {
    const summary = 'there is no microphone: the sound server gives what is played into nothing';
    return dead(summary, fixesFor('noDevice', system));
  }
  if (device?.muted) return dead(`${named(device)} is muted`, [fix('unmute')]);
  const told = `the room is at ${round(room.floorDbfs)} dBFS`;
  const warn = (summary: string, fixes: readonly Fix[]): Check => ({
    ...common,
    status: 'warn',
    summary,
    more: [told],
    fix: fixes,
  });
  // It gives zeros as long as nothing is played.
  if (isLoudspeaker) {
    const [other] = opened.others ?? [];
    return other === undefined
      ? warn('it is what the loudspeaker plays: there is no other microphone', [
          { run: 'gemlive devices' },
          { words: 'connect a microphone, or choose one with --input-device' },
        ])
      : warn(`it is what the loudspeaker plays, and ${other.name} is another microphone`, [
          { run: `gemlive talk --input-device ${other.id}` },
        ]);
  }
  if (!ear.hasSound) {
    return device?.volumePercent === 0
      ? dead(`the volume of ${named(device)} is 0`, [fix('louder')])
      : dead(
          `${named(device)} gives nothing but zeros: it is off, or kept from this program`,
          fixesFor('deadMicrophone', system),
        );
  }
  if ((device?.volumePercent ?? 100) < LOW_VOLUME_PERCENT)
    return warn(`it is turned down to ${device?.volumePercent} %`, [fix('louder')]);
  if (room.floorDbfs > LOUD_ROOM_DBFS) {
    return warn(`the room is loud: ${round(room.floorDbfs)} dBFS all the time`, [
      { words: 'turn the microphone down, or find a quieter place' },
    ]);
  }
  return { ...common, status: 'ok', summary: told };
}

/** `said`: of the three seconds; `clipped`: a share of its samples. */
export function speechCheck(
  said: RoomLevels,
  room: RoomLevels,
  clipped: number,
  opened: Opened<unknown>,
): Check {
  const overRoom = said.loudDbfs - room.floorDbfs;
  const facts = {
    speechDbfs: round(said.loudDbfs),
    overRoomDb: round(overRoom),
    clippedShare: clipped,
  };
  const common = { name: 'speech', facts } as const;
  const { backend, device } = opened;
  const isDown = (device?.volumePercent ?? 0) < FULL_VOLUME_PERCENT;
  const words = { words: 'come nearer, or choose another one: gemlive devices' };
  const louder: Fix[] = [
    ...(isDown
      ? [deviceFix('louder', 'input', backend?.system, device?.id ?? '@DEFAULT_SOURCE@')]
      : []),
    words,
  ];
  const level = `${round(said.loudDbfs)} dBFS, ${round(overRoom)} dB above the room`;
  if (clipped > 0.005) {
    const fix = [{ words: 'turn the microphone down, or move away from it' }];
    return { ...common, status: 'warn', summary: `too loud, it is cut off: ${level}`, fix };
  }
  if (overRoom < SPEECH_OVER_ROOM_DB) {
    return { ...common, status: 'warn', summary: `nobody was heard: ${level}`, fix: louder };
  }
  if (said.loudDbfs < QUIET_SPEECH_DBFS)
    return { ...common, status: 'warn', summary: `very quiet: ${level}`, fix: louder };
  return { ...common, status: 'ok', summary: level };
}

const named = (device: Device | undefined): string => device?.name ?? 'the microphone';
const round = (value: number): number => Math.round(value);
