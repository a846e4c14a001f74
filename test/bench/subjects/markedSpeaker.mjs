// A loudspeaker for latency: appends a line `delayMs first|next` to the file named, for every mark that comes.
import { appendFileSync } from 'node:fs';

import { findMark, MARK_BYTES, nowMs } from './marks.mjs';

const [, , path = ''] = process.argv;
/** @type {Buffer} */
let rest = Buffer.alloc(0);
process.stdin.on('data', (/** @type {Buffer} */ chunk) => {
  const atMs = nowMs();
  const all = Buffer.concat([rest, chunk]);
  const marks = findMark(all);
  for (const { atMs: sentMs, isFirst } of marks)
    appendFileSync(path, `${atMs - sentMs} ${isFirst ? 'first' : 'next'}\n`);
  // A mark may be split between two reads; one that was found must not be found again.
  const seen = (marks.at(-1)?.offset ?? -MARK_BYTES) + MARK_BYTES;
  rest = all.subarray(Math.max(seen, all.length - MARK_BYTES + 1));
});
