/** For tests that need our code in a process of its own, which they then kill. */
import { spawnSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = join(import.meta.dirname, '..', '..');

/** Compiles one source file and what it imports into `folder`; gives the URL to import. */
export function buildModule(source: string, folder: string): string {
  const out = join(folder, 'built');
  const config = join(folder, 'tsconfig.json');
  writeFileSync(
    config,
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        outDir: out,
        rootDir: join(root, 'src'),
        typeRoots: [join(root, 'node_modules', '@types')],
      },
      include: [],
      files: [join(root, source), join(root, 'src/audio/untypedPackages.d.ts')],
    }),
  );
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', config], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cannot compile ${source}:\n${stdout}`);
  writeFileSync(join(out, 'package.json'), '{"type":"module"}');
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'dir');
  const place = relative('src', dirname(source));
  return pathToFileURL(join(out, place, basename(source).replace(/\.ts$/, '.js'))).href;
}
