/** A microphone whose canceller does not work is a microphone. */
import { expect, it } from 'vitest';

import { EchoFreeSource } from '../../src/audio/echo/echoFree.ts';
import { INPUT_FORMAT } from '../../src/audio/format.ts';
import { NullSink } from '../../src/audio/sinks/null.ts';
import type { RecorderSource } from '../../src/audio/sources/recorder.ts';
import type { Warning } from '../../src/errors.ts';

it('gives what comes as it is when the thread cannot be started, and says so once', async () => {
  const sent = Array.from({ length: 5 }, (_, i) => new Uint8Array(640).fill(i + 1));
  const source: RecorderSource = {
    format: INPUT_FORMAT,
    label: 'five frames',
    async *frames() {
      yield* sent;
    },
    close: () => Promise.resolve(),
  };
  // Only what is built has the file of the thread beside it.
  const echoFree = await EchoFreeSource.open(source, new NullSink(), 'aec');
  const warnings: Warning[] = [];
  echoFree.onWarning((warning) => warnings.push(warning));
  const frames: Uint8Array[] = [];
  for await (const frame of echoFree.frames(new AbortController().signal)) frames.push(frame);
  expect(frames).toEqual(sent);
  expect(frames.some((frame) => echoFree.isEcho(frame))).toBe(false);
  expect(warnings).toMatchObject([{ code: 'echo_canceller_failed' }]);
  await echoFree.close();
});
