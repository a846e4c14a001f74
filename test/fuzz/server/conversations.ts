/** Conversations that nobody would hold, each on a socket of its own, and whether they ended as they must. */
import { maskedFrame, openWire } from '../../bench/server/wire.mjs';
import { badSetup, frame, goodSetup, SENTINEL, type Frame } from './frames.ts';
import { Chance } from './random.ts';

const TEXT = 1;
const BINARY = 2;
const CONTINUATION = 0;
const PATIENCE_MS = 20_000;

export type End = { code: number | undefined; reason: string };

export function framesOf(seed: number): Frame[] {
  const chance = new Chance(seed);
  if (chance.is(0.15)) return [badSetup(chance)];
  const frames = [goodSetup(chance)];
  for (let more = chance.below(40); more > 0; more--) {
    const next = frame(chance);
    frames.push(next);
    // What comes after is not looked at; a little of it is sent.
    if (next.fate.kind === 'refused' && chance.is(0.8)) break;
  }
  return [...frames, SENTINEL];
}

/** What is wrong with that end of these frames; undefined: nothing. */
export function wrongWith(frames: readonly Frame[], { code, reason }: End): string | undefined {
  // Whatever has no words of its own may not be passed over, either.
  const isSentinel = SENTINEL.fate.kind === 'refused' && SENTINEL.fate.reason?.test(reason);
  for (const { fate } of frames) {
    if (fate.kind === 'taken') continue;
    if (fate.kind === 'refused') {
      const { code: right, reason: words } = fate;
      if (code === right && (words?.test(reason) ?? !isSentinel)) return undefined;
      return `closed with ${code} ${JSON.stringify(reason)}, not ${right} ${String(words ?? '')}`;
    }
    if ((code === 1007 || code === 1008) && !isSentinel) return undefined;
  }
  return `nothing was wrong, and it was closed with ${code} ${JSON.stringify(reason)}`;
}

/** All frames at once, as text, as bytes, some of them in fragments. */
function onTheWire(frames: readonly Frame[], chance: Chance): Buffer {
  return Buffer.concat(
    frames.flatMap(({ bytes }) => {
      const opcode = chance.is(0.8) ? TEXT : BINARY;
      if (!chance.is(0.1)) return [maskedFrame(opcode, bytes)];
      const middle = chance.below(bytes.length + 1);
      return [
        maskedFrame(opcode, bytes.subarray(0, middle), false),
        maskedFrame(CONTINUATION, bytes.subarray(middle)),
      ];
    }),
  );
}

/** How it ended. Rejects when it does not end. */
export async function converse(
  port: number,
  frames: readonly Frame[],
  chance: Chance,
): Promise<End> {
  const wire = await openWire(port);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      wire.socket.destroy();
      reject(new Error(`not closed in ${PATIENCE_MS} ms`));
    }, PATIENCE_MS);
    wire.listener = {
      onEnd: (code) => {
        clearTimeout(timer);
        resolve({ code, reason: wire.reason });
      },
    };
    wire.socket.on('error', () => {}); // it comes with a close
    wire.socket.write(onTheWire(frames, chance));
  });
}
