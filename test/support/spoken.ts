/** Words of voices that are on this machine. 16 kHz mono s16le, at -6 dBFS. */
import { spawnSync } from 'node:child_process';

const LINE =
  'flite -voice "$1" -t "$2" -o /dev/stdout | sox -t wav - -t raw -r 16000 -c 1 -b 16 -e signed - gain -n -6';

export function spoken(voice: string, text: string): Uint8Array {
  const { stdout, status } = spawnSync('sh', ['-c', LINE, 'sh', voice, text], {
    maxBuffer: 1 << 24,
  });
  if (status !== 0 || stdout.byteLength === 0) throw new Error('flite or sox failed');
  return new Uint8Array(stdout);
}
