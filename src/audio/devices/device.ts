/** A microphone or loudspeaker as it stands in a list, whichever sound system it is of. */

export type Direction = 'input' | 'output';

export type Device = {
  /** As the programs of its sound system are told it. */
  id: string;
  /** As its user knows it: `USB Headset Analog Stereo`. */
  name: string;
  isDefault: boolean;
  /** It gives what a loudspeaker plays. */
  isMonitor: boolean;
  muted?: boolean;
  volumePercent?: number;
};

/** Devices, monitors last; or why they cannot be listed. */
export type DeviceList = { devices: readonly Device[]; failure?: undefined } | { failure: string };

export function listOf(devices: readonly Device[]): DeviceList {
  return { devices: devices.toSorted((a, b) => Number(a.isMonitor) - Number(b.isMonitor)) };
}
