// For `node --import`: what the process holds goes, every 5 s, as a line of JSON to the file that GL_SOAK_RESOURCES
// names. After a full collection: what is left then is held. Each listener, and whatever else waits, is a function.
import { appendFileSync } from 'node:fs';
import v8 from 'node:v8';
import { runInNewContext } from 'node:vm';

v8.setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
const file = process.env.GL_SOAK_RESOURCES ?? '';
/** To count them stops everything for a tenth of a second. */
const COUNT_EVERY = 3;

let samples = 0;
let functions = 0;

const sample = () => {
  collect();
  if (samples % COUNT_EVERY === 0) functions = v8.queryObjects(Function, { format: 'count' });
  samples += 1;
  /** @type {Record<string, number>} */
  const kinds = {};
  for (const kind of process.getActiveResourcesInfo()) kinds[kind] = (kinds[kind] ?? 0) + 1;
  const { rss, heapUsed, external } = process.memoryUsage();
  appendFileSync(file, `${JSON.stringify({ rss, heapUsed, external, functions, kinds })}\n`);
};
setInterval(sample, 5_000).unref();
