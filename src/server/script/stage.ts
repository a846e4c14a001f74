/** What a server does beyond answering: it plays a script, inflicts faults, logs and keeps frames. */
import { resolve } from 'node:path';
import type { WebSocket } from 'ws';
import { usageError } from '../../errors.ts';
import { decodeFrame } from '../../protocol/codec.ts';
import type { Admission } from '../admission.ts';
import type { Voice } from '../engines/engine.ts';
import { readFrame } from './frames.ts';
import { loadScript, type ScriptSource } from './load.ts';
import { sessionsOf, type LoadedScript, type LoadedSession, type Place } from './loaded.ts';
import { readIncoming } from './incoming.ts';
import { FrameLog } from './log.ts';
import { Player } from './player.ts';
import type { LiveFrame, SeenFrame } from './seen.ts';
import { Wire } from './wire.ts';

export type StageOptions = {
  script?: ScriptSource | undefined;
  log?: string | undefined;
  keepFrames?: boolean | undefined;
  onFrame?: ((frame: LiveFrame) => void) | undefined;
};

export type Visitor = {
  id: number;
  url: string;
  admission: Admission;
  voice: Promise<Voice>;
  onReady: (model: string) => void;
  onFault: (message: string, place?: Place) => void;
};

const MAX_FRAMES = 1000;
const MAX_MISSED = 100;

export class Stage {
  readonly #script: LoadedScript | undefined;
  readonly #log: FrameLog | undefined;
  readonly #options: StageOptions;
  readonly #frames: SeenFrame[] = [];
  readonly #playing = new Set<Player>();
  /** Steps that waited in vain, in words. */
  readonly #missed: string[] = [];
  #count = 0;

  private constructor(
    script: LoadedScript | undefined,
    log: FrameLog | undefined,
    options: StageOptions,
  ) {
    this.#script = script;
    this.#log = log;
    this.#options = options;
  }

  /** @throws GemliveError exit 2 or 8: no script, or a log that cannot be written. */
  static async open(options: StageOptions, onFault: (message: string) => void): Promise<Stage> {
    if (typeof options.script === 'string' && options.log !== undefined) {
      if (resolve(options.script) === resolve(options.log)) {
        throw usageError('--log would replace the script itself', 'name another file');
      }
    }
    const script = options.script === undefined ? undefined : await loadScript(options.script);
    const log = options.log === undefined ? undefined : FrameLog.open(options.log, onFault);
    return new Stage(script, log, options);
  }

  /** The server listens. */
  begin(): void {
    this.#log?.begin();
  }

  /** The last 1000 that clients sent, the oldest first. */
  get frames(): readonly SeenFrame[] {
    return this.#frames;
  }

  /** Who answers: a script, or, over the wire, the server itself. */
  receive(socket: WebSocket, visitor: Visitor): { wire: Wire; player: Player | undefined } {
    const { id, url, admission, voice, onReady, onFault } = visitor;
    const session = this.#nextSession(onFault);
    this.#log?.opened(id, url);
    const wire = new Wire(socket, {
      faults: session?.faults ?? [],
      onFrame: (from, frame) => this.#see(id, from, frame),
    });
    socket.on('close', (code: number, reason: Buffer) => {
      this.#log?.closed(id, code, reason.toString('utf8'), wire.endedBy);
    });
    if (!session?.steps) return { wire, player: undefined };
    const player = new Player({ wire, session, admission, voice, onReady, onFault });
    this.#playing.add(player);
    void player.done.then(() => {
      this.#playing.delete(player);
      for (const { where, step } of player.missed) {
        const expected = 'expect' in step ? JSON.stringify(step.expect) : '';
        if (this.#missed.length >= MAX_MISSED) return;
        this.#missed.push(`session ${id}: ${where} was not met: expect ${expected}`);
      }
    });
    return { wire, player };
  }

  #nextSession(onFault: Visitor['onFault']): LoadedSession | undefined {
    const index = this.#count;
    this.#count += 1;
    if (!this.#script) return undefined;
    const { sessions, each } = this.#script;
    const session = sessions?.[index] ?? each;
    if (session || !sessions?.some(({ steps }) => steps)) return session;
    onFault(`unexpected session: the script has ${sessions.length}`);
    const step = { close: { code: 1011, reason: 'The script has no session left.' } };
    const steps = [{ where: 'the end', step, steps: [] }];
    return { where: 'the end', steps, faults: [], loose: true, withinMs: 0 };
  }

  #see(session: number, from: 'client' | 'server', bytes: Buffer): void {
    this.#log?.frame(session, from, bytes);
    const { onFrame, keepFrames, script } = this.#options;
    const keeps = from === 'client' && (keepFrames ?? script !== undefined);
    if (!onFrame && !keeps) return;
    if (keeps) this.#keep({ ...readFrame(readIncoming(bytes, true) ?? {}), session });
    if (!onFrame) return;
    const decoded = decodeFrame(bytes);
    onFrame({ session, from, message: decoded.ok ? decoded.message : undefined, bytes });
  }

  #keep(frame: SeenFrame): void {
    const last = this.#frames.at(-1);
    if (frame.kind === 'audio' && last?.kind === 'audio' && last.session === frame.session) {
      last.audioMs += frame.audioMs;
      return;
    }
    this.#frames.push(frame);
    if (this.#frames.length > MAX_FRAMES) this.#frames.shift();
  }

  /** Steps that waited in vain, and sessions that nobody opened, in words. */
  async unmet(): Promise<string[]> {
    const left = [...this.#playing].filter(({ isLeft }) => isLeft);
    await Promise.all(left.map(({ done }) => done));
    const { sessions } = this.#script ?? {};
    const all = this.#script ? sessionsOf(this.#script) : [];
    const wanted = all.filter(({ steps }) => steps);
    const never = (sessions ? all.slice(this.#count) : this.#count === 0 ? wanted : []).map(
      ({ where }) => `${where}: nobody opened this session`,
    );
    return [...this.#missed, ...never];
  }

  async close(): Promise<void> {
    await this.#log?.close();
  }
}
