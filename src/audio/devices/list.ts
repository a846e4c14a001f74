/** The devices of each sound system. Loaded when somebody asks for them, which most do not. */
import type { ChildEnvironment } from '../subprocess.ts';
import { listAlsa } from './alsa.ts';
import type { SoundSystem } from './choose.ts';
import { listDecibri } from './decibri.ts';
import type { DeviceList, Direction } from './device.ts';
import { listFfmpeg } from './ffmpeg.ts';
import { listPipewire } from './pipewire.ts';
import { listPulse } from './pulse.ts';

type Lister = (direction: Direction, environment: ChildEnvironment) => Promise<DeviceList>;

const LISTERS: Record<SoundSystem, Lister> = {
  pulse: listPulse,
  pipewire: listPipewire,
  alsa: listAlsa,
  decibri: listDecibri,
  avfoundation: (_, environment) => listFfmpeg('avfoundation', environment),
  dshow: (_, environment) => listFfmpeg('dshow', environment),
};

/** Never throws. */
export function listDevices(
  system: SoundSystem,
  direction: Direction,
  environment: ChildEnvironment,
): Promise<DeviceList> {
  return LISTERS[system](direction, environment);
}
