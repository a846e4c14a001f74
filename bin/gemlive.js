#!/usr/bin/env node
import { existsSync, mkdirSync } from 'node:fs';
import module from 'node:module';
import { isAbsolute, join } from 'node:path';

/** Node 22 and later keep compiled code; where they cannot, nothing is lost but some milliseconds. */
function keepCompiledCode() {
  const { XDG_CACHE_HOME, LOCALAPPDATA, HOME } = process.env;
  // In the user's own folder: Node's default is below /tmp, where anybody else could put code in its place.
  const caches = XDG_CACHE_HOME || LOCALAPPDATA || (HOME && join(HOME, '.cache'));
  if (!module.enableCompileCache || !caches || !isAbsolute(caches)) return;
  const own = join(caches, 'gemlive');
  try {
    // Made here, for Node tries for ever where a file system has no room for folders (/proc).
    for (const folder of [caches, own]) if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
    module.enableCompileCache(own);
  } catch {
    // Without, then.
  }
}

keepCompiledCode();
const { main } = await import('../dist/bundle/cli.js');
process.exit(await main(process.argv.slice(2)));
