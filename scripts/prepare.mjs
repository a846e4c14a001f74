// What `npm test` and `npm run demo` need on a machine that has Node and nothing else: npm packages,
// the build, and, on Debian as root, programs from Debian's packages.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';

export const root = join(import.meta.dirname, '..');

/** Runs a command to its end, quietly unless it fails. Rejects with its output. */
export function run(command, args, { timeoutMs = 600_000, show = false, env = {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
      env: { ...process.env, ...env },
      shell: process.platform === 'win32' && command === 'npm',
    });
    let output = '';
    const keep = (chunk) => (output = (output + chunk).slice(-20_000));
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(output);
      else
        reject(new Error(`${command} ${args.join(' ')} ended with ${signal ?? code}\n${output}`));
    });
  });
}

const PROGRESS_MS = { terminal: 1_000, log: 10_000 };

/** Prints `title` and, until `work` settles, how long it has taken: in place in a terminal, else as lines. */
export async function step(title, work) {
  const startMs = performance.now();
  const inPlace = process.stdout.isTTY;
  const seconds = () => `${Math.round((performance.now() - startMs) / 1000)} s`;
  process.stdout.write(inPlace ? `${title} …` : `${title} …\n`);
  const timer = setInterval(
    () => process.stdout.write(inPlace ? `\r${title} … ${seconds()}` : `  … ${seconds()}\n`),
    inPlace ? PROGRESS_MS.terminal : PROGRESS_MS.log,
  );
  try {
    return await work();
  } finally {
    clearInterval(timer);
    process.stdout.write(
      inPlace ? `\r${title}: ${seconds()}\u001b[K\n` : `  done in ${seconds()}\n`,
    );
  }
}

/** npm packages, as locked; nothing to do when they are there already. */
export async function installPackages() {
  const lock = join(root, 'package-lock.json');
  const installed = join(root, 'node_modules', '.package-lock.json');
  const upToDate = existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs;
  if (upToDate && !couldBuildSpeaker()) return;
  const env = withoutSpeaker ? NO_COMPILER : nodeHeaders();
  await step('installing npm packages (npm ci)', () =>
    run('npm', ['ci', '--no-audit', '--no-fund'], { env }),
  );
}

/** Asked for by `npm run test:nodes`: `speaker` is dropped as it is on a machine without a compiler. */
const withoutSpeaker = process.env.GL_TEST_WITHOUT_SPEAKER === '1';
const NO_COMPILER = { CC: 'false', CXX: 'false' };

/**
 * Headers on this machine save node-gyp a download. Beside Node's program where it has brought them (npm's
 * package `node` has not), else those of the system: `speaker` speaks Node-API, the same in every Node.
 */
function nodeHeaders() {
  const prefixes = [join(dirname(process.execPath), '..'), '/usr', '/usr/local'];
  const prefix = prefixes.find((one) => existsSync(join(one, 'include', 'node', 'node_api.h')));
  return prefix === undefined ? {} : { npm_config_nodedir: prefix };
}

const ALSA_HEADER = '/usr/include/alsa/asoundlib.h';

/** npm drops an optional package that it cannot build, without a word; now there is what it needs. */
function couldBuildSpeaker() {
  if (withoutSpeaker) return false;
  const built = join(root, 'node_modules', 'speaker', 'build', 'Release', 'binding.node');
  return !existsSync(built) && existsSync(ALSA_HEADER) && hasProgram('g++') && hasProgram('make');
}

export async function build() {
  await step('building', () => run(process.execPath, [join(root, 'scripts', 'build.mjs')]));
}

/** A program of the PATH, or a file. */
export function hasProgram(name) {
  if (isAbsolute(name)) return existsSync(name);
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Program → Debian package. */
const DEBIAN_PACKAGES = {
  pulseaudio: ['pulseaudio'],
  pactl: ['pulseaudio-utils'],
  aplay: ['alsa-utils', 'libasound2-plugins'],
  sox: ['sox', 'libsox-fmt-alsa', 'libsox-fmt-pulse'],
  flite: ['flite'],
  pocketsphinx_continuous: ['pocketsphinx', 'pocketsphinx-en-us'],
  'espeak-ng': ['espeak-ng'],
  ffmpeg: ['ffmpeg'],
  zsh: ['zsh'],
  fish: ['fish'],
  groff: ['groff-base'],
  [ALSA_HEADER]: ['libasound2-dev'],
  'g++': ['g++'],
  pipewire: [
    'pipewire',
    'pipewire-bin',
    'pipewire-pulse',
    'wireplumber',
    'dbus',
    'dbus-user-session',
  ],
  make: ['make'],
  python3: ['python3'],
  'pkg-config': ['pkg-config'],
};

/** What `speaker` is built with. Without it everything works, with other players. */
export const FOR_SPEAKER = [ALSA_HEADER, 'g++', 'make', 'python3', 'pkg-config'];

function isDebianAsRoot() {
  if (process.getuid?.() !== 0 || !hasProgram('apt-get')) return false;
  try {
    return /^ID(_LIKE)?=.*debian/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

/** Of Debian's packages: a program may be there without the plug-in it needs (sox without its PulseAudio driver). */
async function missingPackages(packages) {
  const states = await Promise.all(
    packages.map((name) =>
      run('dpkg-query', ['-W', '-f=${db:Status-Status}', name]).catch(() => 'missing'),
    ),
  );
  return packages.filter((_name, index) => states[index] !== 'installed');
}

/** Installs what is missing of `programs` where that is possible. Returns what is still missing. */
export async function installPrograms(programs, { timeoutMs = 600_000 } = {}) {
  const missing = programs.filter((program) => !hasProgram(program));
  if (!isDebianAsRoot()) {
    if (missing.length === 0) return [];
    console.log(`not on this machine: ${missing.join(', ')}`);
    console.log(
      `  try: install ${missing.flatMap((program) => DEBIAN_PACKAGES[program] ?? []).join(' ')} (names of Debian's packages)`,
    );
    return missing;
  }
  const wanted = programs.flatMap((program) => DEBIAN_PACKAGES[program] ?? []);
  const packages = await missingPackages(wanted);
  if (packages.length === 0) return missing;
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const deadline = Date.now() + timeoutMs;
  try {
    console.log(`not installed yet, of Debian's packages: ${packages.join(' ')}`);
    await step("installing Debian's packages (apt-get)", async () => {
      await run('apt-get', ['update', '-qq'], { env, timeoutMs });
      await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
        env,
        timeoutMs: Math.max(1, deadline - Date.now()),
      });
    });
  } catch (error) {
    console.log(`  that did not work: ${error.message.split('\n')[0]}`);
  }
  return programs.filter((program) => !hasProgram(program));
}

/** Runs a file below test/ with vitest as its runner and `env` besides. Ends this process with its exit code. */
export function runBench(config, file, env = {}) {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const args = [vitest, 'run', '--config', config, ...(file === undefined ? [] : [file])];
  const { status } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  // What it saved is a page like any other.
  spawnSync('npx', ['oxfmt', '--write', 'docs'], { cwd: root, stdio: 'ignore' });
  process.exit(status ?? 1);
}
