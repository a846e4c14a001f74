/** A session between a user, a network and a server that do whatever they are told. */
import type { Warning } from '../../../src/errors.ts';
import type { SessionEvent } from '../../../src/events.ts';
import { LiveSession } from '../../../src/live/session.ts';
import { profileOf } from '../../../src/protocol/models.ts';
import { ensure } from '../../fuzz/target.ts';
import { FakeClock, settle } from './clock.ts';
import { Ledger } from './ledger.ts';
import { FakeServer } from './server.ts';
import { CLOSED } from './socket.ts';
import type { Step, Timed, Way } from './steps.ts';
import { FakeUser } from './user.ts';
import { Watch } from './watch.ts';

const ENDPOINT = { url: 'ws://nowhere', headers: {} };

export class World {
  readonly user: FakeUser;
  readonly #clock = new FakeClock();
  readonly #ledger: Ledger;
  readonly #session: LiveSession;
  readonly #server: FakeServer;
  readonly #watch: Watch;
  #fault: unknown;

  constructor(way: Way) {
    const profile = profileOf(way.model);
    const thinks = profile.endOfTurn.value === 'interactionIdle';
    this.#watch = new Watch(thinks, () => this.#clock.nowMs());
    this.#ledger = new Ledger(() => this.#clock.nowMs(), { detects: way.detects, thinks });
    this.#server = new FakeServer(way, this.#clock, this.#ledger, {
      note: (look) => this.#note(look),
      onSetup: () => this.#watch.checkBrokenOff(),
      isOver: () => this.#isOver,
    });
    this.#session = new LiveSession({
      endpoint: way.logsIn ? async () => ENDPOINT : ENDPOINT,
      setup: {
        model: `models/${way.model}`,
        sessionResumption: way.transparent ? { transparent: true } : {},
      },
      profile,
      timeoutMs: 15_000,
      resumes: way.resumes,
      watches: way.watches,
      detects: way.detects,
      ...(way.past && { past: way.past }),
      random: () => way.chance,
      clock: this.#clock,
      open: (...request) => this.#server.open(...request),
    });
    this.user = new FakeUser(way, this.#session, this.#ledger);
    this.#session.on((event) => this.#note(() => this.#onEvent(event)));
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

  #onEvent(event: SessionEvent): void {
    this.#watch.on(event);
    if (event.type === 'warning') this.#onWarning(event.warning);
    else if (event.type === 'state' && event.state === 'ready') this.#server.readied();
    else if (event.type === 'state' && event.state === 'reconnecting') {
      this.#server.gaveUp();
      this.#ledger.checkTold();
    } else if (event.type === 'live') for (const one of event.events) this.#server.heard(one);
  }

  #onWarning({ code, message }: Warning): void {
    if (code === 'mic_backlog') this.#ledger.toldLost(Number.parseFloat(message) * 1000);
    else if (code === 'utterance_dropped') {
      this.#server.gaveUp();
      this.#ledger.toldDropped(message.includes('wrote') ? 'text' : 'speech');
    }
  }

  get #isOver(): boolean {
    return this.#watch.state === 'closed' || this.user.startFailed;
  }

  async take(step: Timed): Promise<void> {
    await this.#do(step);
    if (step.settles) await settle();
    this.#server.getAngry();
    if (step.settles) await settle();
    this.#tell();
  }

  #do(step: Step): Promise<void> | void {
    if (step.do === 'get on') return this.#server.getOn();
    if (step.do === 'pass') return this.#clock.advance(step.ms);
    if (step.do === 'end' && step.late) this.#server.getOn();
    if ('socket' in step) return this.#server.do(step);
    return this.user.do(step, !this.#isOver, this.#server.calls);
  }

  /** The network is well again: so is the session, and everything is delivered. */
  async heal(): Promise<void> {
    const { user } = this;
    const [server, watch] = [this.#server, this.#watch];
    await settle();
    if (!user.started && !this.#isOver) user.start('never');
    for (let second = 0; second < 120 && !this.#isOver; second += 1) {
      for (const { socket } of server.lines) socket.flow();
      for (let i = 0; i < 2; i += 1) {
        server.getOn();
        await settle();
        server.getAngry();
        await settle();
      }
      if (watch.state === 'ready' && server.current === server.lines.at(-1)) break;
      await this.#clock.advance(1_000);
    }
    this.#tell();
    if (this.#isOver) return;
    ensure(watch.state === 'ready', `still ${watch.state}, though the network is well`);
    const line = server.current;
    ensure(line !== undefined, 'ready without a connection');
    this.#ledger.checkDelivered(line);
    for (const call of server.calls) {
      ensure(call.line !== line || call.owed === call.arrived, 'a result was not sent');
    }
  }

  /** Closed, it leaves nothing behind and says nothing more, whatever comes. */
  async finish(): Promise<void> {
    const { user } = this;
    await settle();
    // One that has ended by itself leaves nothing behind, either.
    if (this.#isOver) await this.#checkGone();
    user.end();
    await this.#checkGone();
    this.#server.closed = true;
    for (const line of this.#server.lines) {
      this.#server.say(line, 'sound');
      line.socket.accept();
      line.socket.shut(1006, '');
    }
    this.#session.sendText('t0');
    await this.#clock.advance(1_200_000);
    this.#tell();
    ensure(user.startFailed || this.#watch.ended === 1, 'it has not ended');
    ensure(this.#clock.waiting === 0, 'a timer was set after the end');
    user.checkSettled();
  }

  async #checkGone(): Promise<void> {
    await this.#clock.advance(2_000);
    for (const { socket } of this.#server.lines) {
      ensure(socket.readyState === CLOSED, `#${socket.number} is not closed`);
    }
    ensure(this.#clock.waiting === 0, `${this.#clock.waiting} timers still wait`);
  }
}
