/** Frames and handshakes by the million at one server, many at a time; what it did wrong, and what it still holds. */
import { converse, framesOf, wrongWith } from './conversations.ts';
import { handshake, knock } from './handshakes.ts';
import { Chance } from './random.ts';

export type CampaignOptions = {
  port: number;
  seed: number;
  /** Frames and handshakes. */
  inputs: number;
  /** Runs these alone, instead of as many as are needed. */
  only?: number;
  onProgress?: (inputs: number) => void;
};

export type Campaign = {
  frames: number;
  conversations: number;
  handshakes: number;
  /** Close codes and statuses, and how often. */
  ends: Map<string, number>;
  /** What was not as it must be, with the number to run it again by. */
  findings: string[];
};

const AT_ONCE = 40;
const MAX_FINDINGS = 20;
/** Every so many conversations a handshake that leads nowhere. */
const HANDSHAKE_EVERY = 3;

export async function fuzzServer(options: CampaignOptions): Promise<Campaign> {
  const { port, seed, inputs, only, onProgress = () => {} } = options;
  const found: Campaign = {
    frames: 0,
    conversations: 0,
    handshakes: 0,
    ends: new Map(),
    findings: [],
  };
  const count = (end: string): void => void found.ends.set(end, (found.ends.get(end) ?? 0) + 1);
  let next = only ?? 0;
  const isOver = (): boolean =>
    only === undefined
      ? found.frames + found.handshakes + found.conversations >= inputs ||
        found.findings.length >= MAX_FINDINGS
      : next > only;

  const work = async (): Promise<void> => {
    while (!isOver()) {
      const number = next;
      next += 1;
      const chance = new Chance(seed + number * 7919);
      try {
        const wrong =
          number % HANDSHAKE_EVERY === 0
            ? await tryHandshake(chance)
            : await tryConversation(seed + number * 7919, chance);
        if (wrong !== undefined) found.findings.push(`${number}: ${wrong}`);
      } catch (error) {
        found.findings.push(`${number}: ${String(error)}`);
      }
      if (next % 500 === 0) onProgress(found.frames + found.handshakes + found.conversations);
    }
  };

  const tryHandshake = async (chance: Chance): Promise<string | undefined> => {
    const one = handshake(chance, port);
    found.handshakes += 1;
    const answer = await knock(port, one);
    count(`HTTP ${answer}`);
    if (one.may.includes(answer)) return undefined;
    return `HTTP ${answer} instead of ${one.may.join(' or ')}: ${JSON.stringify(one.bytes.toString('latin1').slice(0, 300))}`;
  };

  const tryConversation = async (of: number, chance: Chance): Promise<string | undefined> => {
    const frames = framesOf(of);
    found.conversations += 1; // its handshake is an input, too
    found.frames += frames.length;
    const end = await converse(port, frames, chance);
    count(String(end.code));
    const wrong = wrongWith(frames, end);
    if (wrong === undefined) return undefined;
    const shown = frames.map(
      ({ bytes, fate }) => `${fate.kind} ${Buffer.from(bytes).toString('latin1').slice(0, 400)}`,
    );
    return `${wrong}\n    ${shown.join('\n    ')}`;
  };

  await Promise.all(Array.from({ length: only === undefined ? AT_ONCE : 1 }, work));
  return found;
}
