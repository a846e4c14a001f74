/** A session between a user, a network and a server that do whatever they are told. */
import type { WebSocket } from 'ws';
import type { FunctionCall, SessionEvent } from '../../../src/events.ts';
import { Connection } from '../../../src/live/connection.ts';
import type { Link } from '../../../src/live/keeper.ts';
import { LiveSession } from '../../../src/live/session.ts';
import { classifyClose } from '../../../src/protocol/closeReasons.ts';
import type { ClientMessage, Content } from '../../../src/protocol/messages.ts';
import { profileOf } from '../../../src/protocol/models.ts';
import { ensure } from '../../fuzz/target.ts';
import { FakeClock, settle } from './clock.ts';
import { FRAME_MS, isContent, Ledger, numbersIn, type Line } from './ledger.ts';
import { CLOSED, CONNECTING, FakeSocket, OPEN, type ClientFrame } from './socket.ts';
import type { Message, Step, Timed, Way } from './steps.ts';
import { Watch } from './watch.ts';

type Call = {
  call: FunctionCall;
  line: Line;
  told: boolean;
  live: boolean;
  owed: number;
  arrived: number;
};

export class World {
  readonly clock = new FakeClock();
  readonly session: LiveSession;
  readonly lines: Line[] = [];
  readonly watch: Watch;
  readonly ledger = new Ledger();
  readonly #way: Way;
  readonly #calls: Call[] = [];
  /** Sound of the server: whether the connection that it came over was the one that counts. */
  readonly #sound: { counts: boolean; heard: number }[] = [];
  readonly #states = new Map<string, ReadonlySet<number>>();
  #handle: string | undefined;
  /** Since it was told, something was refused: it may have been given up. */
  #mayForget = false;
  #dead = false;
  /** The message on its way into a socket. */
  #sending: ClientMessage | undefined;
  readonly #abort = new AbortController();
  readonly #promises: { name: string; settled: boolean }[] = [];
  #fault: unknown;
  startFailed = false;
  started = false;

  constructor(way: Way) {
    this.#way = way;
    const profile = profileOf(way.model);
    this.watch = new Watch(profile.endOfTurn.value === 'interactionIdle');
    this.session = new LiveSession({
      endpoint: { url: 'ws://nowhere', headers: {} },
      setup: {
        model: `models/${way.model}`,
        sessionResumption: way.transparent ? { transparent: true } : {},
      },
      profile,
      timeoutMs: 15_000,
      resumes: way.resumes,
      watches: way.watches,
      random: () => way.chance,
      clock: this.clock,
      open: (...request) => this.#open(...request),
    });
    this.session.on((event) => this.#note(() => this.#onEvent(event)));
  }

  /** What is found inside of the session's own calls is told outside of them: it may catch errors. */
  #note(look: () => void): void {
    try {
      look();
    } catch (error) {
      this.#fault ??= error;
    }
  }

  #tell(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }

  // ---- the server's side -------------------------------------------------------------------------

  async #open(...request: Parameters<typeof Connection.open>): Promise<Link> {
    const [endpoint, setup, handlers, options] = request;
    const dial = (): WebSocket => this.#dial() as unknown as WebSocket;
    const connection = await Connection.open(endpoint, setup, handlers, {
      ...options,
      clock: this.clock,
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
    ensure(!this.#dead, 'a connection was opened after the end');
    const socket = new FakeSocket(this.lines.length + 1, this.clock, this.#way.polite, (frame) =>
      this.#note(() => this.#onFrame(line, frame)),
    );
    const line: Line = {
      socket,
      setUp: false,
      complete: false,
      base: new Set(),
      received: [],
      frames: [],
      seeded: new Set(),
    };
    this.lines.push(line);
    return socket;
  }

  #onFrame(line: Line, frame: ClientFrame): void {
    const name = `#${line.socket.number}`;
    if (frame['setup']) return this.#onSetup(line, frame['setup'], name);
    ensure(line.setUp, `${name} was sent something before its setup`);
    ensure(line.complete, `${name} was sent something before setupComplete`);
    const seq = this.#numberOf(line, frame);
    if (seq !== undefined) this.ledger.received(line, seq);
    line.frames.push(seq);
  }

  #onSetup(line: Line, setup: { sessionResumption?: { handle?: string } }, name: string): void {
    ensure(!line.setUp, `${name} was set up twice`);
    line.setUp = true;
    this.watch.checkBrokenOff();
    const others = this.lines.filter((other) => other !== line && other.setUp);
    ensure(!others.some(({ socket }) => socket.readyState === OPEN), 'two connections are set up');
    const { handle } = setup.sessionResumption ?? {};
    if (handle === undefined)
      ensure(!this.#handle || this.#mayForget, 'a good handle was not used');
    else ensure(handle === this.#handle, `${handle} instead of ${this.#handle ?? 'none'}`);
    line.base = this.#states.get(handle ?? '') ?? new Set();
    this.ledger.answerOver();
  }

  #numberOf(line: Line, frame: ClientFrame): number | undefined {
    if (frame['clientContent']) {
      const numbers = numbersIn(frame);
      const isText = (frame['clientContent'] as { turnComplete?: boolean }).turnComplete === true;
      if (isText && profileOf(this.#way.model).textPath.value === 'clientContent')
        return numbers.at(-1);
      ensure(line.frames.length === 0, 'history in the midst of a session');
      for (const number of numbers) line.seeded.add(number);
      return undefined;
    }
    if (frame['toolResponse']) {
      for (const { id } of (frame['toolResponse'] as { functionResponses: { id: string }[] })
        .functionResponses) {
        const call = this.#calls[Number(id)];
        ensure(call?.line === line, `a result was sent to a connection that did not ask for it`);
        call.arrived += 1;
        ensure(call.arrived <= call.owed, 'a result was sent twice');
      }
      return undefined;
    }
    const input = frame['realtimeInput'] as Record<string, unknown>;
    if (input['audio']) {
      const { data } = input['audio'] as { data: string };
      return Buffer.from(data, 'base64').readUInt32LE(0);
    }
    if (typeof input['text'] === 'string') return Number(input['text'].slice(1));
    const [kind] = Object.keys(input) as ['activityStart' | 'activityEnd' | 'audioStreamEnd'];
    return this.ledger.markerOf(this.#sending, kind);
  }

  #counts(line: Line): boolean {
    const newest = this.lines.findLast(({ setUp }) => setUp);
    return line === newest && line.complete && line.socket.readyState === OPEN && !this.#over;
  }

  #say(line: Line, what: Message): void {
    const serverContent = (part: object): object => ({
      serverContent: { modelTurn: { parts: [part] } },
    });
    if (what === 'setupComplete') {
      if (line.setUp && line.socket.readyState === OPEN) line.complete = true;
      return this.#frame(line, { setupComplete: {} });
    }
    if (what === 'sound') {
      const data = Buffer.alloc(4);
      data.writeUInt32LE(this.#sound.length);
      const one = { counts: this.#counts(line), heard: 0 };
      this.#sound.push(one);
      const inlineData = { mimeType: 'audio/pcm;rate=24000', data: data.toString('base64') };
      this.#frame(line, serverContent({ inlineData }));
      ensure(!one.counts || one.heard === 1, 'sound was not heard');
    } else if (what === 'text') this.#frame(line, serverContent({ text: 'an answer ' }));
    else if (what === 'call') {
      const call = { id: String(this.#calls.length), name: 'x', args: {} };
      this.#calls.push({ call, line, told: false, live: false, owed: 0, arrived: 0 });
      this.#frame(line, { toolCall: { functionCalls: [call] } });
    } else if (what === 'handle') this.#sayHandle(line);
    else if (what === 'not resumable') this.#frame(line, { sessionResumptionUpdate: {} });
    else if ('cancel' in what) {
      const ids = this.#calls.slice(-1 - what.cancel).map(({ call }) => call.id);
      this.#frame(line, { toolCallCancellation: { ids } });
    } else if ('goAwayMs' in what) {
      this.#frame(line, { goAway: { timeLeft: `${what.goAwayMs / 1000}s` } });
    } else this.#frame(line, what.fixed);
  }

  /** Where it is transparent, the state is that of half of what has come. */
  #sayHandle(line: Line): void {
    const newHandle = `h${this.#states.size + 1}`;
    const index = Math.ceil(line.frames.length / 2);
    const consumed = this.#way.transparent ? line.frames.slice(0, index) : [];
    const includes = consumed.filter((seq) => seq !== undefined);
    this.#states.set(newHandle, new Set([...line.base, ...includes]));
    const lastConsumedClientMessageIndex = this.#way.transparent
      ? { lastConsumedClientMessageIndex: `${index}` }
      : {};
    this.#frame(line, {
      sessionResumptionUpdate: { newHandle, resumable: true, ...lastConsumedClientMessageIndex },
    });
  }

  #frame({ socket }: Line, message: object): void {
    socket.say(Buffer.from(JSON.stringify(message)));
  }

  // ---- the listener --------------------------------------------------------------------------------

  #onEvent(event: SessionEvent): void {
    this.watch.on(event);
    if (event.type === 'warning' && event.warning.code === 'mic_backlog') {
      this.ledger.warnings += 1;
      this.ledger.toldLostMs += Number.parseFloat(event.warning.message) * 1000;
    }
    if (event.type !== 'live') return;
    const line = this.lines.findLast(({ setUp }) => setUp);
    for (const one of event.events) {
      if (one.type === 'audio') {
        const sound = this.#sound[Buffer.from(one.pcm).readUInt32LE(0)];
        ensure(sound !== undefined && sound.heard === 0, 'sound was heard twice');
        sound.heard += 1;
        ensure(sound.counts || line?.complete === false, 'sound of a connection that is dead');
      } else if (one.type === 'resumption' && one.handle !== undefined && one.resumable) {
        this.#handle = one.handle;
        this.#mayForget = false;
      } else if (one.type === 'toolCall') {
        for (const { id } of one.calls)
          Object.assign(this.#calls[Number(id)]!, { told: true, live: true });
      } else if (one.type === 'toolCallCancellation') {
        for (const id of one.ids) this.#calls[Number(id)]!.live = false;
      }
      if (line && (isContent(one) || one.type === 'turnComplete')) this.ledger.heard(one, line);
    }
  }

  get #over(): boolean {
    return this.watch.state === 'closed' || this.startFailed;
  }

  // ---- steps -----------------------------------------------------------------------------------------

  async take(step: Timed): Promise<void> {
    await this.#do(step);
    if (step.settles) await settle();
    this.#tell();
  }

  async #do(step: Step): Promise<void> {
    const line = 'socket' in step ? this.lines.at(-1 - step.socket) : undefined;
    switch (step.do) {
      case 'get on':
        return this.#getOn();
      case 'accept':
        return line?.socket.accept();
      case 'refuse':
        return line?.socket.refuse(step.status, step.words);
      case 'say':
        return line && this.#say(line, step.message);
      case 'noise':
        return line?.socket.say(Buffer.from(step.text));
      case 'close':
        if (['handle', 'refusal'].includes(classifyClose(step.code, step.reason).kind))
          this.#mayForget = true;
        return line?.socket.shut(step.code, step.reason);
      case 'violate':
        return line?.socket.violate();
      case 'pong':
        return line?.socket.pong();
      case 'jam':
        return line?.socket.jam();
      case 'flow':
        return line?.socket.flow();
      case 'pass':
        return this.clock.advance(step.ms);
      case 'abort':
        return this.#abort.abort(new Error('enough'));
      case 'end':
        return this.#track('close()', this.session.close());
      default:
        return this.#doAsUser(step);
    }
  }

  #getOn(): void {
    const line = this.lines.at(-1);
    line?.socket.accept();
    if (line?.setUp && !line.complete) this.#say(line, 'setupComplete');
  }

  #doAsUser(step: Step): void {
    const { session, ledger } = this;
    const marks = this.#way.marks;
    // What is given after the end is given to nobody.
    const lives = !this.#over;
    switch (step.do) {
      case 'start':
        return this.start(step.abort);
      case 'sound':
        for (let i = 0; i < step.frames; i += 1) {
          const frame = Buffer.alloc(FRAME_MS * 32);
          frame.writeUInt32LE(lives ? ledger.give('sound', FRAME_MS) : 0);
          session.sendAudio(frame);
        }
        return;
      case 'speak':
        if (ledger.isSpeaking) return;
        ledger.began(marks ? 0 : step.agoMs, marks);
        if (!marks) return session.utteranceBegan(step.agoMs);
        if (lives) ledger.give('activityStart');
        return session.sendActivity('start');
      case 'fall silent':
        if (!ledger.isSpeaking) return;
        if (marks) {
          if (lives) ledger.give('activityEnd');
          session.sendActivity('end');
        } else session.utteranceEnded(step.agoMs);
        return ledger.ended(marks ? 0 : step.agoMs, marks);
      case 'write': {
        const takes = profileOf(this.#way.model).textPath.value === 'clientContent';
        const history: Content[] =
          step.history && takes ? [{ role: 'model', parts: [{ text: 'once' }] }] : [];
        return session.sendText(`t${lives ? ledger.give('text') : 0}`, history);
      }
      case 'return':
        return this.#return(step);
      case 'microphone stops':
        if (lives && !marks && profileOf(this.#way.model).audioStreamEnd.value)
          ledger.give('audioStreamEnd');
        return marks ? undefined : session.sendAudioStreamEnd();
      case 'wait for room':
        return this.#track('audioDrained()', session.audioDrained());
      case 'listen': {
        const stop = session.on(() => stop());
        return;
      }
      default:
    }
  }

  #return({ call, goesOn }: { call: number; goesOn: boolean }): void {
    const one = this.#calls.filter(({ told }) => told).at(-1 - call);
    if (!one) return;
    if (one.live) one.owed += 1;
    if (!goesOn) one.live = false;
    const response = { output: 'x' };
    this.session.sendToolResults([
      { call: one.call, response, ...(goesOn && { willContinue: true }) },
    ]);
  }

  start(abort: 'never' | 'before' | 'later'): void {
    if (abort === 'before') this.#abort.abort(new Error('enough'));
    const starting = this.session.start(abort === 'never' ? undefined : this.#abort.signal);
    if (this.started) return;
    this.started = true;
    this.#track(
      'start()',
      starting.catch((error: unknown) => {
        ensure(error instanceof Error, 'start() failed without an error');
        this.startFailed = true;
      }),
    );
  }

  #track(name: string, promise: Promise<unknown>): void {
    const one = { name, settled: false };
    this.#promises.push(one);
    void promise.then(() => (one.settled = true));
  }

  // ---- the end -----------------------------------------------------------------------------------------

  /** The network is well again: so is the session, and everything is delivered. */
  async heal(): Promise<void> {
    await settle();
    if (!this.started && !this.#over) this.start('never');
    for (let second = 0; second < 30 && !this.#over; second += 1) {
      for (const { socket } of this.lines) socket.flow();
      this.#getOn();
      await settle();
      this.#getOn();
      await settle();
      const newest = this.lines.at(-1);
      if (this.watch.state === 'ready' && newest && this.#counts(newest)) break;
      await this.clock.advance(1_000);
    }
    this.#tell();
    if (this.#over) return;
    ensure(this.watch.state === 'ready', `still ${this.watch.state}, though the network is well`);
    const line = this.lines.findLast(({ setUp }) => setUp);
    ensure(line !== undefined && this.#counts(line), 'ready without a connection');
    this.ledger.checkDelivered(line);
    for (const { line: of, owed, arrived } of this.#calls) {
      ensure(of !== line || owed === arrived, 'a result was not sent');
    }
  }

  async finish(): Promise<void> {
    await settle();
    // One that has ended by itself leaves nothing behind.
    if (this.#over) await this.#checkGone();
    this.#track('close()', this.session.close());
    await this.#checkGone();
    this.#dead = true;
    for (const line of this.lines) {
      this.#say(line, 'sound');
      line.socket.accept();
      line.socket.shut(1006, '');
    }
    this.session.sendText('t0');
    await this.clock.advance(1_200_000);
    this.#tell();
    ensure(this.watch.ended === (this.startFailed ? this.watch.ended : 1), 'it has not ended');
    ensure(this.clock.waiting === 0, 'a timer was set after the end');
    for (const { name, settled } of this.#promises) ensure(settled, `${name} has not settled`);
  }

  async #checkGone(): Promise<void> {
    await this.clock.advance(2_000);
    for (const { socket } of this.lines) {
      const { readyState, number } = socket;
      ensure(
        readyState === CLOSED,
        `#${number} is still ${readyState === CONNECTING ? 'opening' : 'open'}`,
      );
    }
    ensure(this.clock.waiting === 0, `${this.clock.waiting} timers still wait`);
  }
}
