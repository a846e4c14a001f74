#!/usr/bin/env node
import module from 'node:module';
import { isAbsolute, join } from 'node:path';

// Node 22 and later keep compiled code; where they cannot, nothing is lost but some milliseconds.
// In the user's own folder: Node's default is below /tmp, where anybody else could put code in its place.
const { XDG_CACHE_HOME, LOCALAPPDATA, HOME } = process.env;
const caches = XDG_CACHE_HOME || LOCALAPPDATA || (HOME && join(HOME, '.cache'));
if (caches && isAbsolute(caches)) module.enableCompileCache?.(join(caches, 'gemlive'));
const { main } = await import('../dist/bundle/cli.js');
process.exit(await main(process.argv.slice(2)));
