/**
 * A conversation in real time: the built binary over a network that fails, against a server that remembers exactly
 * what a handle stands for. The user speaks, waits for the answer, and speaks again.
 */
import { startFragileProxy } from '../support/fragileProxy.ts';
import { until } from '../support/until.ts';
import { cuts, strike, type Network, type Plan } from './faults.ts';
import { judge, type Verdict } from './judge.ts';
import { startStrictServer } from './strictServer.ts';
import { Talker, type Resources } from './talker.ts';
import { randomFrom, utterance } from './utterances.ts';

export type Struck = Plan & {
  atMs: number;
  /** The connection was so young that it had not ended the outage before it. */
  again: boolean;
  /** By the session's own report, and by ours: until the first sound on the next connection. */
  gapMs?: number;
  soundAfterMs?: number;
};

export type Soaked = Verdict & {
  utterances: number;
  turns: number;
  struck: Struck[];
  warnings: Record<string, number>;
  resources: Resources[];
  minutes: number;
};

const QUIET_MS = 1_200;
/** A half-open connection is noticed 40 s after the end of speech. */
const ANSWER_WITHIN_MS = 75_000;
const SLOW_MS = 300;
/** Back-off goes on when a connection does not live so long. */
const STABLE_MS = 5_000;
/** Sometimes somebody who gets no answer says something else. */
const IMPATIENT_MS = 4_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Until `plans` are through, or `endMs` by performance.now() has come. */
export async function soak(
  plans: Iterable<Plan>,
  {
    seed,
    endMs = Number.POSITIVE_INFINITY,
    tell = () => {},
  }: { seed: number; endMs?: number; tell?: (line: string) => void },
): Promise<Soaked> {
  const random = randomFrom(seed);
  const server = await startStrictServer(randomFrom(seed + 1));
  const proxy = await startFragileProxy(server.url);
  const talker = await Talker.start(proxy.url);
  const startMs = performance.now();
  const counting = setInterval(() => talker.countFiles(), 5_000);
  try {
    await until('it is connected', () => server.connections.length > 0);
    const user = new User(talker, { proxy, server, random });
    for (const plan of plans) {
      if (performance.now() >= endMs || talker.hasEnded) break;
      await user.exchange(plan);
      const at = ((performance.now() - startMs) / 1000).toFixed(1);
      const { kind, moment, direction = '', slow } = plan;
      tell(
        `${at} s: ${slow ? 'slow, ' : ''}${kind} ${direction} (${moment}); ${user.lengths.size} utterances`,
      );
    }
    proxy.delay(0);
    const minutes = (performance.now() - startMs) / 60_000;
    const { code, stderr } = await talker.stop();
    const verdict = judge({
      lengths: user.lengths,
      turns: server.turns,
      loudspeaker: talker.loudspeaker(),
      events: talker.events,
      isCutAllowed: (turn) => user.hasLost(turn.connection),
    });
    verdict.faults.push(...server.violations);
    if (talker.overruns > 0) verdict.faults.push('the microphone was not read');
    // As Node tells of too many listeners, among others.
    if (code !== 0 || /^\(node:/m.test(stderr))
      verdict.faults.push(`it ended with ${code}: ${stderr}`);
    const warnings: Record<string, number> = {};
    for (const { type, code: name } of talker.events)
      if (type === 'warning') warnings[String(name)] = (warnings[String(name)] ?? 0) + 1;
    return {
      ...verdict,
      utterances: user.lengths.size,
      turns: server.turns.length,
      struck: user.measured(),
      warnings,
      resources: talker.resources(),
      minutes,
    };
  } finally {
    clearInterval(counting);
    await talker.close();
    await proxy.close();
    await server.close();
  }
}

class User {
  /** Frames of each utterance, by number. */
  readonly lengths = new Map<number, number>();
  readonly #talker: Talker;
  readonly #network: Network;
  readonly #struck: (Omit<Struck, 'again'> & { connection: number })[] = [];

  constructor(talker: Talker, network: Network) {
    this.#talker = talker;
    this.#network = network;
  }

  async exchange(plan: Plan): Promise<void> {
    const { random, proxy } = this.#network;
    const talker = this.#talker;
    proxy.delay(plan.slow ? SLOW_MS : 0);
    const before = talker.sounded.bytes;
    const ms = 600 + random() * 4400;
    this.#say(ms);
    if (plan.moment === 'speech') {
      await pause(ms * random());
      await this.#strike(plan);
    }
    await this.#untilSaid();
    if (plan.moment === 'thinking') {
      await pause(random() * 900);
      await this.#strike(plan);
    }
    if (plan.kind === 'half-open' && plan.moment !== 'reply' && random() < 0.5) {
      await pause(IMPATIENT_MS);
      if (talker.sounded.bytes === before) {
        this.#say(600 + random() * 2000);
        await this.#untilSaid();
      }
    }
    const answered = (): boolean => talker.sounded.bytes > before;
    await until('an answer', () => answered() || talker.hasEnded, ANSWER_WITHIN_MS).catch(() => {});
    if (plan.moment === 'reply') {
      await pause(random() * 700);
      await this.#strike(plan);
    }
    await this.#untilQuiet(plan.kind === 'held writes' ? 3_500 : QUIET_MS);
    if (plan.moment === 'rest') await this.#strike(plan);
    await pause(200 + random() * 1800);
    // Nothing else is to happen to it before it has been noticed, and it is noticed when somebody speaks.
    if (plan.kind === 'half-open' && (plan.moment === 'reply' || plan.moment === 'rest'))
      await this.exchange({ kind: 'none', moment: 'rest' });
  }

  #say(ms: number): void {
    const { server, random } = this.#network;
    const said = utterance(this.lengths.size + 1, ms, random);
    this.lengths.set(said.id, said.frames.length);
    server.expect(said);
    this.#talker.say(said.frames);
  }

  async #untilSaid(): Promise<void> {
    await until('it is said', () => !this.#talker.isSpeaking || this.#talker.hasEnded);
  }

  async #untilQuiet(ms: number): Promise<void> {
    const isQuiet = (): boolean => performance.now() - this.#talker.sounded.atMs > ms;
    await until('it is quiet', isQuiet, 30_000);
  }

  async #strike(plan: Plan): Promise<void> {
    if (plan.kind === 'none') return;
    const connection = this.#network.server.connections.length - 1;
    const atMs = await strike(this.#network, plan);
    this.#struck.push({ ...plan, atMs, connection });
  }

  /** What was on its way on this connection may be lost. */
  hasLost(connection: number): boolean {
    return this.#struck.some((one) => one.connection === connection && cuts(one));
  }

  measured(): Struck[] {
    const { connections } = this.#network.server;
    const gaps = this.#talker.events.filter(
      ({ type, gapMs }) => type === 'session' && typeof gapMs === 'number',
    );
    return this.#struck.map(({ connection, ...struck }, index) => {
      const untilMs = this.#struck[index + 1]?.atMs ?? Number.POSITIVE_INFINITY;
      const isOf = (atMs: number): boolean => atMs >= struck.atMs && atMs < untilMs;
      const gap = gaps.find(({ atMs }) => isOf(atMs));
      const next = connections.find(({ firstSoundMs }, i) => {
        return i > connection && firstSoundMs !== undefined && isOf(firstSoundMs);
      });
      return {
        ...struck,
        again: connection > 0 && struck.atMs - connections[connection]!.atMs < STABLE_MS,
        ...(gap && { gapMs: Number(gap['gapMs']) }),
        ...(next?.firstSoundMs !== undefined && { soundAfterMs: next.firstSoundMs - struck.atMs }),
      };
    });
  }
}
