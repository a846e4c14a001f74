/** The short form of the bench of bad networks: what is heard, not when. */
import { expect, it } from 'vitest';

import { measureJitter, NETWORKS } from '../bench/voice/jitter.ts';
import { needsSound } from '../support/soundServer.ts';

const SECONDS = 12;

needsSound('talk over bad networks', () => {
  it('every sample of every reply is heard once, in order', { timeout: 120_000 }, async () => {
    const rows = await measureJitter({ seconds: SECONDS });
    expect(rows.map(({ network }) => network)).toEqual(NETWORKS.map(({ name }) => name));
    for (const { network, soundMs, wholeMs, whole } of rows)
      expect({ network, soundMs, wholeMs, whole }).toEqual({
        network,
        soundMs: SECONDS * 1000,
        wholeMs: SECONDS * 1000,
        whole: true,
      });
  });
});
