/**
 * A Live server that keeps, for each handle, exactly the turns that were over when it was given out, and knows of every
 * frame it hears which one it is. It answers each pause in speech with sound of which no sample is like another.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { WebSocketServer, type WebSocket } from 'ws';

import type { ClientMessage, ServerMessage, Setup } from '../../src/protocol/messages.ts';
import { exactSound } from '../support/exactSound.ts';
import type { Utterance } from './utterances.ts';

const SILENCE_FRAMES = 800 / 20;
export const CHUNK_MS = 240;
const CHUNK_BYTES = CHUNK_MS * 48;
/** To think takes time, and the loudspeaker, which gave way to the user's voice, is itself again. */
const THINK_MS = { least: 400, spread: 600 };
/** Sound is sent faster than it plays, as the real service does. */
const CHUNK_EVERY_MS = 70;
const HANDLE_EVERY_MS = 1_200;

export type Heard = { id: number; frames: number[] };
export type Turn = { number: number; connection: number; heard: Heard[]; reply: Uint8Array };

export type StrictServer = {
  readonly url: string;
  /** Every turn that was begun, whether or not anybody heard of it. */
  readonly turns: readonly Turn[];
  /** What no client may do, and sound that nobody said. */
  readonly violations: readonly string[];
  /** Of each connection that was set up: when, and when its first sound came, undefined before. */
  readonly connections: readonly { atMs: number; firstSoundMs: number | undefined }[];
  /** It will be recognised. */
  expect(utterance: Utterance): void;
  /** The newest connection is told to go, and cut with `timeLeftMs` over. */
  goAway(timeLeftMs: number): void;
  /** Every connection is closed with this. */
  fail(code: number, reason: string): void;
  /** No handle given out so far is known any more. */
  forget(): void;
  /** From now on a connection that is open may linger: its network is out of order. */
  troubled(): void;
  close(): Promise<void>;
};

type Memory = readonly number[];

export async function startStrictServer(random: () => number): Promise<StrictServer> {
  const known = new Map<string, { id: number; index: number }>();
  const handles = new Map<string, Memory>();
  const turns: Turn[] = [];
  const violations: string[] = [];
  const connections: { atMs: number; firstSoundMs: number | undefined }[] = [];
  const open = new Set<Connection>();
  let handleCount = 0;

  class Connection {
    readonly #socket: WebSocket;
    #number = -1;
    isTroubled = false;
    isSetUp = false;
    /** The numbers of its turns. */
    #memory: number[] = [];
    #heard: Heard[] = [];
    #silentFrames = 0;
    #answering: Turn | undefined;
    /** Of the answer in progress. */
    #answerTimers: NodeJS.Timeout[] = [];
    #timers: NodeJS.Timeout[] = [];

    constructor(socket: WebSocket) {
      this.#socket = socket;
      open.add(this);
      socket.on('message', (data: Buffer) =>
        this.#take(JSON.parse(data.toString('utf8')) as ClientMessage),
      );
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(this);
        for (const timer of [...this.#timers, ...this.#answerTimers]) clearTimeout(timer);
      });
    }

    close(code: number, reason: string): void {
      this.#socket.close(code, reason);
    }

    goAway(timeLeftMs: number): void {
      this.say({ goAway: { timeLeft: `${timeLeftMs / 1000}s` } });
      const cut = (): void => {
        // One on which nothing comes through has not heard of it.
        if (!this.isTroubled) violations.push(`connection ${this.#number} was not left in time`);
        this.close(1008, 'The operation was aborted.');
      };
      this.#timers.push(setTimeout(cut, timeLeftMs));
    }

    say(message: ServerMessage): void {
      if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(message));
    }

    #take(message: ClientMessage): void {
      if ('setup' in message) return this.#setUp(message.setup);
      if (!this.isSetUp) {
        violations.push(`${Object.keys(message).join()} before the setup was complete`);
      } else if ('realtimeInput' in message && 'audio' in message.realtimeInput) {
        this.#hear(message.realtimeInput.audio.data);
      } else if (!('clientContent' in message && !message.clientContent.turnComplete))
        violations.push(`unexpected: ${JSON.stringify(message).slice(0, 80)}`);
    }

    #setUp({ sessionResumption }: Setup): void {
      if (this.isSetUp) violations.push('a second setup');
      const { handle } = sessionResumption ?? {};
      const memory = handle === undefined ? [] : handles.get(handle);
      if (!memory) return this.close(1008, 'BidiGenerateContent session expired');
      if ([...open].some((other) => other.isSetUp && !other.isTroubled))
        violations.push('two connections are set up');
      this.isSetUp = true;
      this.#memory = [...memory];
      this.#number = connections.length;
      connections.push({ atMs: performance.now(), firstSoundMs: undefined });
      this.say({ setupComplete: {} });
      this.#giveHandles();
    }

    /** Also while somebody speaks: of what is not over, a handle knows nothing. */
    #giveHandles(): void {
      this.#giveHandle();
      const again = (): void => {
        if (!this.#answering) this.#giveHandle();
      };
      this.#timers.push(setInterval(again, HANDLE_EVERY_MS));
    }

    #giveHandle(): void {
      handleCount += 1;
      const newHandle = `h-${handleCount}`;
      handles.set(newHandle, [...this.#memory]);
      this.say({ sessionResumptionUpdate: { newHandle, resumable: true } });
    }

    #hear(data: string): void {
      const connection = connections[this.#number]!;
      connection.firstSoundMs ??= performance.now();
      if (/^A*=*$/.test(data)) {
        this.#silentFrames += 1;
        const [first] = this.#heard;
        if (first && this.#silentFrames === SILENCE_FRAMES && !this.#answering) this.#answer();
        return;
      }
      this.#silentFrames = 0;
      const frame = known.get(data);
      if (!frame) {
        violations.push('sound that nobody said');
        return;
      }
      if (this.#answering) this.#interrupt(this.#answering, frame.id);
      if (this.#heard.at(-1)?.id !== frame.id) this.#heard.push({ id: frame.id, frames: [] });
      this.#heard.at(-1)!.frames.push(frame.index);
    }

    /** Before a word of it was said: then it is answered with what comes now. */
    #interrupt(turn: Turn, id: number): void {
      for (const timer of this.#answerTimers.splice(0)) clearTimeout(timer);
      this.#answering = undefined;
      if (turn.reply.byteLength === 0) this.#heard = turn.heard;
      else {
        violations.push(`utterance ${id} over an answer`);
        this.say({ serverContent: { interrupted: true } });
        this.say({ serverContent: { turnComplete: true } });
      }
    }

    #answer(): void {
      const turn: Turn = {
        number: turns.length,
        connection: this.#number,
        heard: this.#heard,
        reply: new Uint8Array(0),
      };
      turns.push(turn);
      this.#heard = [];
      this.#answering = turn;
      this.#later(THINK_MS.least + random() * THINK_MS.spread, () => this.#reply(turn));
    }

    #later(ms: number, work: () => void): void {
      this.#answerTimers.push(setTimeout(work, ms));
    }

    #reply(turn: Turn): void {
      turn.reply = exactSound(Math.round(500 + random() * 2500), turn.number + 1);
      this.say({ sessionResumptionUpdate: { resumable: false } });
      const said = turn.heard.map(({ id }) => `utterance ${id}`).join(', ');
      this.say({ serverContent: { inputTranscription: { text: said } } });
      const chunks = Math.ceil(turn.reply.byteLength / CHUNK_BYTES);
      for (let i = 0; i < chunks; i += 1) {
        const pcm = turn.reply.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES);
        const data = Buffer.from(pcm).toString('base64');
        const inlineData = { mimeType: 'audio/pcm;rate=24000', data };
        this.#later(i * CHUNK_EVERY_MS, () =>
          this.say({ serverContent: { modelTurn: { parts: [{ inlineData }] } } }),
        );
      }
      this.#later(chunks * CHUNK_EVERY_MS, () => {
        this.say({ serverContent: { outputTranscription: { text: `answer ${turn.number}` } } });
        this.say({ serverContent: { generationComplete: true } });
      });
      // Held back until it has played, as the real service does.
      this.#later(turn.reply.byteLength / 48, () => {
        this.say({ serverContent: { turnComplete: true } });
        this.#answering = undefined;
        this.#answerTimers = [];
        this.#memory.push(turn.number);
        this.#giveHandle();
      });
    }
  }

  const http = createServer();
  const sockets = new WebSocketServer({ server: http, perMessageDeflate: false });
  sockets.on('connection', (socket) => new Connection(socket));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    turns,
    violations,
    connections,
    expect: ({ id, frames }) =>
      frames.forEach((frame, index) =>
        known.set(Buffer.from(frame).toString('base64'), { id, index }),
      ),
    goAway: (timeLeftMs) => [...open].findLast(({ isSetUp }) => isSetUp)?.goAway(timeLeftMs),
    fail: (code, reason) => {
      for (const connection of open) connection.close(code, reason);
    },
    forget: () => handles.clear(),
    troubled: () => {
      for (const connection of open) connection.isTroubled = true;
    },
    close: async () => {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}
