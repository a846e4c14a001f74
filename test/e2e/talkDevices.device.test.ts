/** Devices that go and come in the midst of talk, each kind once: the long form is test/bench/voice/devices.ts. */
import { expect, it } from 'vitest';

import { ABUSES, abuseDevices } from '../bench/voice/devices.ts';
import { needsSound } from '../support/soundServer.ts';

needsSound('a conversation while its devices come and go', () => {
  it('goes on, and leaves nothing', { timeout: 120_000 }, async () => {
    const { rows, before, after, exitCode, left, seed } = await abuseDevices({
      times: 1,
      onRound: (line) => console.log(line),
    });
    console.log(`seed ${seed}`, before, after);
    expect(rows.map(({ what, wentOn }) => [what, wentOn])).toEqual(ABUSES.map((what) => [what, 1]));
    expect(after.children).toEqual(before.children);
    // One or two of libuv's own may have come.
    expect(after.fds).toBeLessThanOrEqual(before.fds + 3);
    expect([exitCode, left]).toEqual([0, []]);
  });
});
