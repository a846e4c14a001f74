#!/usr/bin/env node
import module from 'node:module';

// Node 22 and later keep compiled code; where they cannot, nothing is lost but some milliseconds.
module.enableCompileCache?.();
const { main } = await import('../dist/bundle/cli.js');
process.exit(await main(process.argv.slice(2)));
