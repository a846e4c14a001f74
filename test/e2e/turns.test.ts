/**
 * What happens moment by moment, through the built program: `talk` with a silent device that keeps time,
 * against a server that says what the test wants.
 */
import { expect, it } from 'vitest';
import { eventsIn, spawnCli } from '../support/cli.ts';
import { afterSetup, startScriptedServer, type Peer } from '../support/scriptedServer.ts';
import { until } from '../support/until.ts';

const soon = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const sound = (ms: number, value = 1000) => ({
  parts: [
    {
      inlineData: {
        mimeType: 'audio/pcm;rate=24000',
        data: Buffer.from(new Int16Array(24 * ms).fill(value).buffer).toString('base64'),
      },
    },
  ],
});
const words = (text: string) => ({ serverContent: { outputTranscription: { text } } });
const over = { serverContent: { turnComplete: true } };

type Event = Record<string, unknown> & { type: string };

/** Settles when `talk` has printed so many events of this type. */
type Told = (type: string, count?: number) => Promise<void>;

/** Runs `talk` until `turns` turns are over, then Ctrl+C. */
async function talk(
  script: (peer: Peer, told: Told) => Promise<void>,
  { turns = 1, args = [] as string[], limitMs = 60_000 } = {},
): Promise<{ events: Event[]; code: number | null }> {
  let stdout = '';
  const printed = (type: string): number => stdout.split(`"type":"${type}"`).length - 1;
  const told: Told = (type, count = 1) => until(type, () => printed(type) >= count);
  const server = await startScriptedServer(afterSetup((peer) => script(peer, told)));
  const child = spawnCli([
    'talk',
    '--no-mic',
    '--no-speaker',
    '--json',
    '--greet',
    'go',
    '--base-url',
    server.url,
    ...args,
  ]);
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    if (printed('turn') >= turns) child.kill('SIGINT');
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  await server.close();
  return { events: eventsIn(stdout) as Event[], code };
}

const shown = (events: Event[]): string[] =>
  events.flatMap((event) =>
    event.type === 'model' && 'delta' in event ? [String(event['delta'])] : [],
  );

it.concurrent('nothing of a dead turn is shown: not what is in the same message, not what comes late', async () => {
  const { events, code } = await talk(
    async (peer, told) => {
      await peer.next();
      peer.send({
        serverContent: {
          modelTurn: sound(2000),
          outputTranscription: { text: 'one two three four' },
        },
      });
      await told('audio');
      await soon(500);
      peer.send({
        serverContent: {
          interrupted: true,
          modelTurn: sound(1000),
          outputTranscription: { text: ' DEAD' },
        },
      });
      peer.send({ serverContent: { modelTurn: sound(1000) } });
      peer.send({ serverContent: { interrupted: true } });
      peer.send(words(' DEAD TOO'));
      peer.send(over);
      peer.send(words('alive'));
      peer.send({ serverContent: { generationComplete: true } });
      peer.send(over);
    },
    { turns: 2 },
  );
  expect(code).toBe(0);
  expect(shown(events)).toEqual(['one two three four', 'alive']);
  const interruptions = events.filter(({ type }) => type === 'interrupted');
  expect(interruptions).toHaveLength(1);
  const { heardMs, droppedMs, t } = interruptions[0] as Event;
  const sinceSoundMs = Number(t) - Number(events.find(({ type }) => type === 'audio')?.['t']);
  expect(heardMs).toBeGreaterThan(sinceSoundMs - 300);
  expect(heardMs).toBeLessThanOrEqual(sinceSoundMs);
  expect(Number(heardMs) + Number(droppedMs)).toBe(2000);
  const cut = events.find((event) => event['interrupted'] === true);
  expect(cut).toMatchObject({ type: 'model', turn: 1, final: true, estimated: true, heardMs });
  expect(String(cut?.['text'])).toMatch(/^(one( two)?)?—$/);
});

it.concurrent('an interruption without turnComplete swallows words for 2 s, not for ever', async () => {
  const { events } = await talk(
    async (peer) => {
      await peer.next();
      peer.send(words('first'));
      peer.send({ serverContent: { interrupted: true } });
      peer.send(words('swallowed'));
      await soon(2300);
      peer.send(words('second'));
      peer.send(over);
    },
    { turns: 2 },
  );
  expect(shown(events)).toEqual(['first', 'second']);
  expect(events).toContainEqual(
    expect.objectContaining({ type: 'warning', code: 'turn_not_ended' }),
  );
});

it.concurrent('an interruption before anything was said takes nothing away', async () => {
  const { events } = await talk(async (peer) => {
    await peer.next();
    peer.send({ serverContent: { interrupted: true } });
    peer.send(over);
    peer.send({ serverContent: { interrupted: true } });
    peer.send(words('all of it'));
    peer.send(over);
  });
  expect(shown(events)).toEqual(['all of it']);
  expect(events.filter(({ type }) => type === 'interrupted')).toEqual([]);
  expect(events.filter(({ type }) => type === 'turn')).toMatchObject([{ index: 1 }]);
});

it.concurrent('an interruption after generationComplete cuts a line that was whole', async () => {
  const { events } = await talk(async (peer, told) => {
    await peer.next();
    peer.send({
      serverContent: {
        modelTurn: sound(5000),
        outputTranscription: { text: 'a b c d e f g h i j' },
      },
    });
    peer.send({ serverContent: { generationComplete: true } });
    await told('audio');
    await soon(700);
    peer.send({ serverContent: { interrupted: true } });
    peer.send(over);
  });
  const finals = events.filter((event) => event.type === 'model' && event['final'] === true);
  expect(finals).toHaveLength(2);
  expect(finals[0]).toMatchObject({ text: 'a b c d e f g h i j' });
  expect(String(finals[1]?.['text'])).toMatch(/^a.*—$/);
});

it.concurrent('a turn with a player is over when its sound has ended', async () => {
  const { events } = await talk(async (peer) => {
    await peer.next();
    peer.send({ serverContent: { modelTurn: sound(1500), outputTranscription: { text: 'hm' } } });
    peer.send({ serverContent: { generationComplete: true } });
    peer.send(over);
  });
  const at = (type: string) => Number(events.find((event) => event.type === type)?.['t']);
  expect(at('turn') - at('audio')).toBeGreaterThanOrEqual(1450);
});

it.concurrent.each([
  'IDLE',
  // Deprecated, and the same.
  'REQUIRES_ACTION',
])('extended thinking is idle when it says so, not at turnComplete: %s', async (status) => {
  const { events } = await talk(
    async (peer) => {
      await peer.next();
      peer.send(words('Let me think.'));
      peer.send({ serverContent: { turnComplete: true, interactionStatus: 'IN_PROGRESS' } });
      await soon(300);
      peer.send({ serverContent: { modelTurn: { parts: [{ thought: true, text: 'hmm' }] } } });
      peer.send(words(' Done.'));
      peer.send({ serverContent: { turnComplete: true, interactionStatus: status } });
    },
    { args: ['-m', 'gemini-3.8-live-extended-thinking'] },
  );
  expect(events.filter(({ type }) => type === 'turn')).toHaveLength(1);
  expect(events).toContainEqual(expect.objectContaining({ type: 'thought', text: 'hmm' }));
  expect(events).toContainEqual(
    expect.objectContaining({ type: 'model', text: 'Let me think. Done.', final: true }),
  );
});

it.concurrent('a late transcription corrects the line of its turn', async () => {
  const { events } = await talk(
    async (peer, told) => {
      await peer.next();
      peer.send({ serverContent: { inputTranscription: { text: 'what is' } } });
      peer.send(words('noon'));
      peer.send(over);
      await told('turn');
      peer.send({ serverContent: { inputTranscription: { text: ' the time' } } });
      await told('user', 3);
      peer.send(words('still here'));
      peer.send(over);
    },
    { turns: 2 },
  );
  const finals = events.filter((event) => event.type === 'user' && event['final'] === true);
  expect(finals.map((event) => [event['turn'], event['text']])).toEqual([
    [1, expect.stringContaining('what is')],
    [1, expect.stringContaining('what is the time')],
  ]);
});

it.concurrent('a call of a tool nobody declared is answered, so that the turn goes on', async () => {
  const { events } = await talk(async (peer) => {
    await peer.next();
    peer.send({ toolCall: { functionCalls: [{ id: 'c1', name: 'launch', args: { x: 1 } }] } });
    const answer = await peer.next();
    peer.send(words(JSON.stringify(answer)));
    peer.send(over);
  });
  expect(events).toContainEqual(
    expect.objectContaining({ type: 'tool_call', id: 'c1', name: 'launch' }),
  );
  expect(shown(events).join('')).toContain('there is no tool named launch');
});

it.concurrent('an odd byte at a chunk’s end belongs to the next chunk', async () => {
  const pcm = Buffer.from(new Int16Array(2400).map((_, index) => index).buffer);
  const chunk = (data: Buffer) => ({
    serverContent: {
      modelTurn: {
        parts: [{ inlineData: { mimeType: 'audio/pcm', data: data.toString('base64') } }],
      },
    },
  });
  const { events } = await talk(async (peer) => {
    await peer.next();
    peer.send(chunk(pcm.subarray(0, 1001)));
    peer.send(chunk(pcm.subarray(1001)));
    peer.send(over);
  });
  const bytes = events.filter(({ type }) => type === 'audio').map((event) => event['bytes']);
  expect(bytes).toEqual([1000, 3800]);
});
