import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { PLAYERS } from '../../../src/audio/backends/players.ts';
import { childrenNamed } from '../../support/programs.ts';
import { needsSound, startSoundServer } from '../../support/soundServer.ts';
import type { SoundServer } from '../../support/soundServer.ts';
import {
  closedDuringWrite,
  serverKilledMidWrite,
  withoutDevice,
} from '../../support/speakerAbuse.ts';

/** A hundred times each: `npm run bench:devices`. */
const TIMES = 5;
const here = PLAYERS.find(({ name }) => name === 'speaker')?.missing?.() === undefined;

async function repeated(work: () => Promise<string>): Promise<Set<string>> {
  const lines = new Set<string>();
  for (let i = 0; i < TIMES; i++) lines.add(await work());
  expect(childrenNamed('gemlive-speaker')).toEqual([]);
  return lines;
}

needsSound('speaker, mistreated', () => {
  let server: SoundServer;
  beforeAll(async () => {
    server = await startSoundServer();
  });
  afterAll(() => server.stop());

  describe.skipIf(!here)('its death is a line of text', () => {
    it('without a device', async () => {
      for (const said of await repeated(withoutDevice))
        expect(said).toMatch(/^no loudspeaker could be opened: speaker: no such sound device/);
    });

    it(
      'when the sound server is killed in the middle of a write',
      { timeout: 60_000 },
      async () => {
        for (const said of await repeated(serverKilledMidWrite))
          expect(said).toMatch(
            /^the loudspeaker is lost: speaker does not stay alive: no (such sound device|sound server)/,
          );
      },
    );

    it('when it is closed during a write', async () => {
      const lines = await repeated(() => closedDuringWrite(server));
      expect([...lines]).toEqual(['closed']);
    });
  });
});
