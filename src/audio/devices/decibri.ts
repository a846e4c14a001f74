/** CoreAudio's, WASAPI's and ALSA's devices by the native module `decibri`, in a process of its own. */
import * as z from 'zod';

import { NATIVE_DEVICES } from '../backends/recorders.ts';
import type { ChildEnvironment } from '../subprocess.ts';
import { listOf } from './device.ts';
import type { DeviceList, Direction } from './device.ts';
import { outputOf } from './run.ts';

const LIST = z.array(z.object({ name: z.string(), isDefault: z.boolean() }));

export async function listDecibri(
  direction: Direction,
  environment: ChildEnvironment,
): Promise<DeviceList> {
  const list = await outputOf(process.execPath, [NATIVE_DEVICES, direction], environment);
  if (list.failure !== undefined) return { failure: `decibri: ${list.failure}` };
  try {
    // It finds a device by its name, or part of it.
    return listOf(
      LIST.parse(JSON.parse(list.text)).map(({ name, isDefault }) => ({
        id: name,
        name,
        isDefault,
        isMonitor: false,
      })),
    );
  } catch {
    return { failure: 'decibri: it says nothing that is understood' };
  }
}
