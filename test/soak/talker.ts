/** `gemlive talk` as it was built, with a microphone and a loudspeaker that are a FIFO and a file. */
import { spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import {
  closeSync,
  constants,
  fstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { bytesOfMs, FRAME_MS, INPUT_FORMAT } from '../../src/audio/format.ts';
import { spawnCli } from '../support/cli.ts';
import { withoutSilence } from '../support/exactSound.ts';

export type Resources = {
  heapMiB: number;
  rssMiB: number;
  functions: number;
  timers: number;
  files: number;
};
type Event = Record<string, unknown> & { type: string };

const SILENCE = new Uint8Array(bytesOfMs(INPUT_FORMAT, FRAME_MS));
const MIB = 2 ** 20;

export class Talker {
  readonly events: (Event & { atMs: number })[] = [];
  /** Of the microphone. */
  overruns = 0;
  readonly #folder: string;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<number | null>;
  #microphone: FileHandle | undefined;
  readonly #loudspeaker: number;
  #readBytes = 0;
  #soundedBytes = 0;
  #soundedAtMs = Number.NEGATIVE_INFINITY;
  #frames: Uint8Array[] = [];
  #writing = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #stderr = '';
  #hasEnded = false;
  readonly #files: number[] = [];

  private constructor(url: string) {
    this.#folder = mkdtempSync(join(tmpdir(), 'gemlive-soak-'));
    const { status } = spawnSync('mkfifo', [join(this.#folder, 'microphone')]);
    if (status !== 0) throw new Error('mkfifo does not work here');
    const resources = join(import.meta.dirname, 'resources.mjs');
    for (const name of ['loudspeaker', 'resources']) writeFileSync(join(this.#folder, name), '');
    this.#loudspeaker = openSync(join(this.#folder, 'loudspeaker'), 'r');
    this.#process = spawnCli(
      [
        'talk',
        '--json',
        '--headphones',
        '--model=gemini-3.8-live',
        `--base-url=${url}`,
        `--mic-command=exec cat '${join(this.#folder, 'microphone')}'`,
        `--speaker-command=exec cat >> '${join(this.#folder, 'loudspeaker')}'`,
      ],
      {
        env: { GEMINI_API_KEY: 'a-key', GL_SOAK_RESOURCES: join(this.#folder, 'resources') },
        // What counts them is experimental, and says so.
        nodeArgs: ['--disable-warning=ExperimentalWarning', '--import', resources],
      },
    );
    this.#ended = new Promise((resolve) => this.#process.once('close', resolve));
    void this.#ended.then(() => (this.#hasEnded = true));
    this.#process.stderr.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString('utf8')));
    let line = '';
    this.#process.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = `${line}${chunk}`.split('\n');
      line = lines.pop() ?? '';
      for (const one of lines)
        this.events.push({ ...(JSON.parse(one) as Event), atMs: performance.now() });
    });
  }

  static async start(url: string): Promise<Talker> {
    const talker = new Talker(url);
    // Also for reading: it is not to wait for the recorder, nor to break with it.
    const { O_RDWR, O_NONBLOCK } = constants;
    talker.#microphone = await open(join(talker.#folder, 'microphone'), O_RDWR | O_NONBLOCK);
    talker.#run();
    return talker;
  }

  /** Real time: 20 ms each, silence while nothing is said. */
  #run(): void {
    const startMs = performance.now();
    let written = 0;
    this.#timer = setInterval(() => {
      const due = Math.floor((performance.now() - startMs) / FRAME_MS);
      if (due <= written || this.#hasEnded) return;
      const frames = Array.from({ length: due - written }, () => this.#frames.shift() ?? SILENCE);
      written = due;
      const bytes = Buffer.concat(frames);
      // As with a device: what nobody fetches within 2 s is lost.
      this.#writing = this.#writing.then(async () => {
        await this.#microphone!.write(bytes).catch(() => (this.overruns += 1));
      });
    }, FRAME_MS);
  }

  say(frames: readonly Uint8Array[]): void {
    this.#frames.push(...frames);
  }

  get isSpeaking(): boolean {
    return this.#frames.length > 0;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Of replies, so far; and when the last of it came. */
  get sounded(): { bytes: number; atMs: number } {
    const bytes = Buffer.alloc(fstatSync(this.#loudspeaker).size - this.#readBytes);
    readSync(this.#loudspeaker, bytes, 0, bytes.byteLength, this.#readBytes);
    // A sample of which one byte has been written is for the next time.
    const whole = bytes.subarray(0, bytes.byteLength & ~1);
    this.#readBytes += whole.byteLength;
    const sound = withoutSilence(whole).byteLength;
    this.#soundedBytes += sound;
    if (sound > 0) this.#soundedAtMs = performance.now();
    return { bytes: this.#soundedBytes, atMs: this.#soundedAtMs };
  }

  /** Call it now and then: open files are counted at that moment, and the most of them stand for the time. */
  countFiles(): void {
    try {
      this.#files.push(readdirSync(`/proc/${this.#process.pid}/fd`).length);
    } catch {
      // It has ended.
    }
  }

  /** Every 5 s of its life, after a collection. */
  resources(): Resources[] {
    const lines = readFileSync(join(this.#folder, 'resources'), 'utf8').split('\n').slice(0, -1);
    return lines.map((line, index) => {
      const { rss, heapUsed, external, functions, kinds } = JSON.parse(line) as {
        rss: number;
        heapUsed: number;
        external: number;
        functions: number;
        kinds: Record<string, number>;
      };
      const at = Math.floor((index / lines.length) * this.#files.length);
      return {
        heapMiB: (heapUsed + external) / MIB,
        rssMiB: rss / MIB,
        functions,
        timers: kinds['Timeout'] ?? 0,
        files: this.#files[at] ?? 0,
      };
    });
  }

  loudspeaker(): Uint8Array {
    return readFileSync(join(this.#folder, 'loudspeaker'));
  }

  /** As with Ctrl+C. Returns the exit code and what it wrote on stderr. */
  async stop(): Promise<{ code: number | null; stderr: string }> {
    this.#process.kill('SIGINT');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), 10_000);
    const code = await this.#ended;
    clearTimeout(timer);
    clearInterval(this.#timer);
    return { code, stderr: this.#stderr };
  }

  /** After `stop()`: its files go. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    if (!this.#hasEnded) this.#process.kill('SIGKILL');
    await this.#ended;
    await this.#writing;
    await this.#microphone!.close();
    closeSync(this.#loudspeaker);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
