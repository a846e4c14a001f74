// For `node --import`: what the process holds goes, every 5 s, as a line of JSON to the file that GL_SOAK_RESOURCES
// names. After a full collection: what is left then is held.
import { appendFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
const file = process.env.GL_SOAK_RESOURCES ?? '';

const sample = () => {
  collect();
  /** @type {Record<string, number>} */
  const kinds = {};
  for (const kind of process.getActiveResourcesInfo()) kinds[kind] = (kinds[kind] ?? 0) + 1;
  const { rss, heapUsed, external } = process.memoryUsage();
  appendFileSync(file, `${JSON.stringify({ rss, heapUsed, external, kinds })}\n`);
};
setInterval(sample, 5_000).unref();
