// For `node --import`: every module that is loaded is told on stderr, as `import <url>`.
import { register } from 'node:module';

const hooks = `export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  process._rawDebug('import ' + found.url);
  return found;
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
