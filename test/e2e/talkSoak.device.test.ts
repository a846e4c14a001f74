/** A minute of conversation in CI; an hour with `npm run soak:voice`. */
import { expect, it } from 'vitest';

import { soak } from '../bench/voice/soak.ts';
import { needsSound, startSoundServer } from '../support/soundServer.ts';

needsSound('a conversation that goes on', () => {
  it('stays small, and holds nothing that it does not need', { timeout: 120_000 }, async () => {
    const sound = await startSoundServer();
    try {
      const [row] = await soak(sound, 1);
      expect(row?.mainMiB).toBeLessThan(80);
      expect(row?.treeMiB).toBeLessThan(150);
      expect(row?.children).toBe(2);
    } finally {
      await sound.stop();
    }
  });
});
