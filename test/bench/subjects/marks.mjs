// A moment written into sound, so that whoever finds it at the other end knows how long it took. Sample
// values pass every subject unchanged. The clock is the machine's monotonic one, the same in all processes.

const MAGIC = Buffer.from('GLmark!');
export const MARK_BYTES = MAGIC.length + 1 + 8;

/** Milliseconds on the clock that all processes of the machine share. */
export const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

/** Marks the beginning of `pcm` with this moment. @param {Buffer} pcm @param {boolean} [isFirst] of its turn */
export function mark(pcm, isFirst = false) {
  MAGIC.copy(pcm);
  pcm.writeUInt8(isFirst ? 1 : 0, MAGIC.length);
  pcm.writeDoubleLE(nowMs(), MAGIC.length + 1);
}

/**
 * All whole marks in `pcm`.
 * @param {Buffer} pcm
 * @returns {{ atMs: number, isFirst: boolean, offset: number }[]}
 */
export function findMark(pcm) {
  const found = [];
  for (let at = pcm.indexOf(MAGIC); at !== -1; at = pcm.indexOf(MAGIC, at + 1)) {
    if (at + MARK_BYTES > pcm.length) break;
    const isFirst = pcm.readUInt8(at + MAGIC.length) === 1;
    found.push({ atMs: pcm.readDoubleLE(at + MAGIC.length + 1), isFirst, offset: at });
  }
  return found;
}
