/** The server's side of all connections: what it is sent, and whether it may be; what it says, and who hears it. */
import type { FunctionCall, LiveEvent } from '../../../src/events.ts';
import { Connection } from '../../../src/live/connection.ts';
import type { Link } from '../../../src/live/keeping.ts';
import { classifyClose } from '../../../src/protocol/closeReasons.ts';
import type { ClientMessage } from '../../../src/protocol/messages.ts';
import { profileOf } from '../../../src/protocol/models.ts';
import { ensure } from '../../fuzz/target.ts';
import type { FakeClock } from './clock.ts';
import { Handles, isVerdict } from './handles.ts';
import type { Ledger } from './ledger.ts';
import { numbersIn, type Line } from './line.ts';
import type { Cause } from './losses.ts';
import { FakeSocket, OPEN, type ClientFrame } from './socket.ts';
import type { Message, Step, Way } from './steps.ts';

/** `told`: a listener has heard of it; `live`: and of no end. `owed`: results that were given meanwhile. */
export type Call = {
  call: FunctionCall;
  line: Line;
  told: boolean;
  live: boolean;
  owed: number;
  arrived: number;
};

export type ServerHooks = {
  /** What is found inside of the session's own calls is told outside of them. */
  note(look: () => void): void;
  onSetup(): void;
  isOver(): boolean;
};

/** In a minute of back-off, and before the first session. */
const MAX_DIALS = 40;
const MAX_FIRST_DIALS = 6;
/** What lives so long has ended an outage. */
const STABLE_MS = 5_000;

export class FakeServer {
  readonly lines: Line[] = [];
  readonly calls: Call[] = [];
  /** From now on nobody may come. */
  closed = false;
  readonly #way: Way;
  readonly #clock: FakeClock;
  readonly #ledger: Ledger;
  readonly #hooks: ServerHooks;
  /** Of each sound that was said: whether the connection that it came over was the one that counts. */
  readonly #sound: { counts: boolean; heard: number }[] = [];
  /** Behind each handle. */
  readonly #states = new Map<string, ReadonlySet<number>>();
  readonly #handles: Handles;
  /** Connections since the session was ready, or since its beginning. */
  #dials = 0;
  #wasReady = false;
  /** What is heard now is the server's word, and not the session's. */
  #saying = false;
  /** The connection of the session that is ready. */
  #readied: Line | undefined;
  /** The message on its way into a socket. */
  #sending: ClientMessage | undefined;

  constructor(way: Way, clock: FakeClock, ledger: Ledger, hooks: ServerHooks) {
    this.#way = way;
    this.#clock = clock;
    this.#ledger = ledger;
    this.#hooks = hooks;
    this.#handles = new Handles(way.past?.handle);
  }

  async open(...request: Parameters<typeof Connection.open>): Promise<Link> {
    const [endpoint, setup, handlers, options] = request;
    const clock = this.#clock;
    const dial = (): FakeSocket => this.#dial();
    const connection = await Connection.open(endpoint, setup, handlers, {
      ...options,
      clock,
      dial,
    });
    return {
      send: (message) => {
        this.#sending = message;
        return connection.send(message);
      },
      get bufferedBytes() {
        return connection.bufferedBytes;
      },
      isAlive: (timeoutMs) => connection.isAlive(timeoutMs),
      close: (code) => connection.close(code),
    };
  }

  #dial(): FakeSocket {
    // A session that is to move may try for as long as its connection lives.
    if (!this.#readied) this.#dials += 1;
    this.#hooks.note(() => {
      ensure(!this.closed, 'a connection was opened after the end');
      ensure(this.#dials <= (this.#wasReady ? MAX_DIALS : MAX_FIRST_DIALS), 'too many attempts');
    });
    const { polite } = this.#way;
    const onFrame = (frame: ClientFrame): void =>
      this.#hooks.note(() => this.#onFrame(line, frame));
    // One that is given up is told as lost at once; any other is left.
    const onClose = (): void => queueMicrotask(() => this.#left(line));
    const number = this.lines.length + 1;
    const socket = new FakeSocket(number, this.#clock, polite, onFrame, onClose);
    const line: Line = {
      socket,
      setUp: false,
      handle: undefined,
      wasReady: false,
      readyAtMs: 0,
      complete: false,
      base: new Set(),
      received: [],
      frames: [],
      seeded: new Set(),
    };
    this.lines.push(line);
    return socket;
  }

  // ---- what it is sent -------------------------------------------------------------------------------

  #onFrame(line: Line, frame: ClientFrame): void {
    const name = `#${line.socket.number}`;
    if (frame['setup']) return this.#onSetup(line, frame['setup'], name);
    ensure(line.setUp, `${name} was sent something before its setup`);
    ensure(line.complete, `${name} was sent something before setupComplete`);
    const seq = this.#numberOf(line, frame);
    if (seq !== undefined) this.#ledger.received(line, seq);
    line.frames.push(seq);
  }

  #onSetup(line: Line, setup: { sessionResumption?: { handle?: string } }, name: string): void {
    ensure(!line.setUp, `${name} was set up twice`);
    line.setUp = true;
    this.#hooks.onSetup();
    const others = this.lines.filter((other) => other !== line && other.setUp);
    ensure(!others.some(({ socket }) => socket.readyState === OPEN), 'two connections are set up');
    const { handle } = setup.sessionResumption ?? {};
    this.#handles.check(handle);
    line.handle = handle;
    line.base = this.#states.get(handle ?? '') ?? new Set();
    this.#ledger.newLine();
  }

  /** Which item of the user's it is. */
  #numberOf(line: Line, frame: ClientFrame): number | undefined {
    if (frame['toolResponse']) return this.#onResults(line, frame['toolResponse']);
    if (frame['clientContent']) {
      const numbers = numbersIn(frame);
      const takesText = profileOf(this.#way.model).textPath.value === 'clientContent';
      if (takesText && frame['clientContent'].turnComplete) return numbers.at(-1);
      ensure(line.frames.length === 0, 'history in the midst of a session');
      for (const number of numbers) line.seeded.add(number);
      return undefined;
    }
    const { audio, text, ...markers } = frame['realtimeInput'] ?? {};
    if (audio) return Buffer.from(audio.data, 'base64').readUInt32LE(0);
    if (text !== undefined) return Number(text.slice(1));
    const [kind] = Object.keys(markers) as ['activityStart' | 'activityEnd' | 'audioStreamEnd'];
    return this.#ledger.markerOf(this.#sending, kind);
  }

  #onResults(
    line: Line,
    { functionResponses }: { functionResponses: { id: string }[] },
  ): undefined {
    for (const { id } of functionResponses) {
      const call = this.calls[Number(id)];
      ensure(call?.line === line, 'a result was sent to a connection that did not ask for it');
      call.arrived += 1;
      ensure(call.arrived <= call.owed, 'a result was sent twice');
    }
  }

  // ---- what it says ------------------------------------------------------------------------------------

  /** The one that is set up, if one is. */
  get current(): Line | undefined {
    const newest = this.lines.findLast(({ setUp }) => setUp);
    return newest?.complete && newest.socket.readyState === OPEN ? newest : undefined;
  }

  say(line: Line, what: Message): void {
    this.#saying = true;
    try {
      this.#say(line, what);
    } finally {
      this.#saying = false;
    }
  }

  #say(line: Line, what: Message): void {
    const content = (part: object): object => ({ serverContent: { modelTurn: { parts: [part] } } });
    if (what === 'setupComplete') {
      if (line.setUp && line.socket.readyState === OPEN) line.complete = true;
      return frame(line, { setupComplete: {} });
    }
    if (what === 'sound') {
      const data = Buffer.alloc(4);
      data.writeUInt32LE(this.#sound.length);
      const one = { counts: line === this.current && !this.#hooks.isOver(), heard: 0 };
      this.#sound.push(one);
      const inlineData = { mimeType: 'audio/pcm;rate=24000', data: data.toString('base64') };
      frame(line, content({ inlineData }));
      ensure(!one.counts || one.heard === 1, 'sound was not heard');
    } else if (what === 'late part') {
      frame(line, { serverContent: { turnComplete: true } });
      this.#say(line, 'sound');
    } else if (what === 'text') frame(line, content({ text: 'an answer ' }));
    else if (what === 'call') {
      const call = { id: String(this.calls.length), name: 'x', args: {} };
      this.calls.push({ call, line, told: false, live: false, owed: 0, arrived: 0 });
      frame(line, { toolCall: { functionCalls: [call] } });
    } else if (what === 'handle') this.#sayHandle(line);
    else if (what === 'not resumable') frame(line, { sessionResumptionUpdate: {} });
    else if ('cancel' in what) {
      const ids = this.calls.slice(-1 - what.cancel).map(({ call }) => call.id);
      frame(line, { toolCallCancellation: { ids } });
    } else if ('goAwayMs' in what) {
      frame(line, { goAway: { timeLeft: `${what.goAwayMs / 1000}s` } });
    } else frame(line, what.fixed);
  }

  /** Where it is transparent, the state is that of half of what has come. */
  #sayHandle(line: Line): void {
    const { transparent } = this.#way;
    const newHandle = `h${this.#states.size + 1}`;
    const index = Math.ceil(line.frames.length / 2);
    const consumed = transparent ? line.frames.slice(0, index) : [];
    const includes = consumed.filter((seq) => seq !== undefined);
    this.#states.set(newHandle, new Set([...line.base, ...includes]));
    const told = transparent ? { lastConsumedClientMessageIndex: `${index}` } : {};
    frame(line, { sessionResumptionUpdate: { newHandle, resumable: true, ...told } });
  }

  getOn(): void {
    const line = this.lines.at(-1);
    line?.socket.accept();
    if (!line?.setUp || line.complete) return;
    const { habit } = this.#way;
    const refuses = habit.does === 'refuse' && line.handle !== undefined;
    if (refuses) this.shut(line, habit.code, habit.reason);
    else this.say(line, 'setupComplete');
  }

  /** Between two steps: a server that kills has what the user said. */
  getAngry(): void {
    const { habit } = this.#way;
    const line = this.current;
    if (habit.does !== 'kill' || !line || line !== this.#readied) return;
    if (this.#ledger.expects(line)) this.shut(line, habit.code, habit.reason);
  }

  /** What the network does to a connection. */
  do(step: Extract<Step, { socket: number }>): void {
    const line = this.lines.at(-1 - step.socket);
    if (!line) return;
    const { socket } = line;
    switch (step.do) {
      case 'accept':
        return socket.accept();
      case 'refuse':
        return socket.refuse(step.status, step.words);
      case 'say':
        return this.say(line, step.message);
      case 'noise':
        return socket.say(Buffer.from(step.text));
      case 'close':
        return this.shut(line, step.code, step.reason);
      case 'violate':
        this.#lose(line, 'broken');
        return socket.violate();
      case 'pong':
        return socket.pong();
      case 'jam':
        return socket.jam();
      case 'flow':
        return socket.flow();
      default:
    }
  }

  /** The server closes a connection. */
  shut(line: Line, code: number, reason: string): void {
    if (line.socket.readyState !== OPEN) return line.socket.shut(code, reason);
    const isReady = line === this.#readied;
    const lifeMs = isReady ? this.#clock.nowMs() - line.readyAtMs : undefined;
    this.#handles.closed(line, code, reason, lifeMs);
    // A session that held, and can be taken up again, does not end with its connection.
    const held = this.#isLive && lifeMs !== undefined && lifeMs >= STABLE_MS;
    const { kind } = classifyClose(code, reason);
    const goesOn = held && this.#handles.isInHand && kind !== 'credential';
    this.#lose(line, isVerdict(code, reason) ? 'killed' : 'broken');
    line.socket.shut(code, reason);
    ensure(!goesOn || !this.#hooks.isOver(), `ended with ${code}, and a handle in hand`);
  }

  get #isLive(): boolean {
    return this.#way.resumes && !this.#hooks.isOver();
  }

  /** Only the connection of a session that is ready can be lost. */
  #lose(line: Line, cause: Cause): void {
    if (line !== this.#readied || line.socket.readyState !== OPEN || !this.#isLive) return;
    this.#readied = undefined;
    this.#ledger.lost(line, cause);
  }

  /** The session has begun, or goes on. */
  readied(): void {
    this.#readied = this.current;
    if (this.#readied)
      Object.assign(this.#readied, { wasReady: true, readyAtMs: this.#clock.nowMs() });
    this.#dials = 0;
    this.#wasReady = true;
  }

  #left(line: Line): void {
    if (line === this.#readied) this.#readied = undefined;
  }

  /** It has given the connection up by itself. */
  gaveUp(): void {
    if (this.#readied) this.#ledger.lost(this.#readied, 'broken');
    this.#readied = undefined;
  }

  // ---- what is heard of it -------------------------------------------------------------------------------

  heard(event: LiveEvent): void {
    if (event.type === 'audio') {
      const sound = this.#sound[Buffer.from(event.pcm).readUInt32LE(0)];
      ensure(sound?.heard === 0, 'sound was heard twice');
      sound.heard += 1;
      ensure(sound.counts, 'sound of a connection that is dead');
    } else if (event.type === 'resumption' && event.handle !== undefined && event.resumable) {
      this.#handles.told(event.handle);
    } else if (event.type === 'toolCall') {
      for (const { id } of event.calls) Object.assign(this.#call(id), { told: true, live: true });
    } else if (event.type === 'toolCallCancellation') {
      for (const id of event.ids) this.#call(id).live = false;
    }
    const line = this.lines.findLast(({ setUp }) => setUp);
    const waits = this.calls.some((call) => call.live && call.line === line);
    if (line && this.#saying) this.#ledger.heard(event, line, waits);
  }

  #call(id: string | undefined): Call {
    const call = this.calls[Number(id)];
    ensure(call !== undefined, `a call ${id} that nobody made`);
    return call;
  }
}

function frame({ socket }: Line, message: object): void {
  socket.say(Buffer.from(JSON.stringify(message)));
}
