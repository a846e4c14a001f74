/** Scripts as a test suite uses them: what the client must do, what it gets, and what is told of it. */
import { describe, expect, it } from 'vitest';
import {
  startLiveServer,
  type LiveServer,
  type LiveServerEvent,
  type LiveServerOptions,
} from '../../src/server/server.ts';
import {
  heardIn,
  openClient,
  openSession,
  quiet,
  sendSound,
  soundOf,
  wordsOf,
} from '../support/liveClient.ts';

const NO_ENGINES = { stt: 'none', llm: 'built-in', tts: 'none' };

type Staged = { server: LiveServer; events: LiveServerEvent[]; faults: () => string[] };

async function stage(
  script: LiveServerOptions['script'],
  work: (staged: Staged) => Promise<void>,
  options: LiveServerOptions = {},
): Promise<void> {
  const events: LiveServerEvent[] = [];
  const server = await startLiveServer({
    ...NO_ENGINES,
    ...options,
    ...(script !== undefined && { script }),
    onEvent: (event) => events.push(event),
  });
  const faults = (): string[] =>
    events.flatMap((event) => (event.type === 'fault' ? event.message : []));
  try {
    await work({ server, events, faults });
  } finally {
    await server.close();
  }
}

const WEATHER = `
steps:
  - expect: setup
  - send: setupComplete
  - expect: {text: /weather/i}
  - heard: the weather
  - call: {name: get_weather, args: {city: Oslo}}
  - expect: {toolResponse: {functionResponses: [{name: get_weather, response: {output: {tempC: 4}}}]}}
  - reply: It is four degrees.
  - expect: close
`;

describe('a script', () => {
  it('is played against a client that does what it says', () =>
    stage(WEATHER, async ({ server, events }) => {
      const client = await openSession(server.url, { outputAudioTranscription: {} });
      client.send({ realtimeInput: { text: 'The Weather?' } });
      const call = await client.until(({ toolCall }) => toolCall !== undefined);
      expect(call.toolCall).toEqual({
        functionCalls: [{ id: 'function-call-1', name: 'get_weather', args: { city: 'Oslo' } }],
      });
      client.send({
        tool_response: {
          function_responses: [
            { id: 'function-call-1', name: 'get_weather', response: { output: { tempC: 4 } } },
          ],
        },
      });
      const turn = await client.turn();
      expect(heardIn(turn)).toEqual(['the weather']);
      expect(wordsOf(turn)).toBe('It is four degrees.');
      expect(soundOf(turn).byteLength).toBeGreaterThan(24_000);
      await client.close();
      await server.assertComplete();
      expect(events).toContainEqual({
        type: 'session',
        id: 1,
        state: 'ready',
        model: 'gemini-3.8-live',
      });
      expect(server.frames.map(({ session, kind }) => [session, kind])).toEqual([
        [1, 'setup'],
        [1, 'text'],
        [1, 'toolResponse'],
      ]);
    }));

  it('says with the line what came instead, and ends the session so that no test hangs', () =>
    stage(WEATHER, async ({ server, events }) => {
      const client = await openSession(server.url);
      client.send({ realtimeInput: { text: 'what time is it' } });
      const told = 'script:5: expected {"text":"/weather/i"}, got the text "what time is it"';
      expect(await client.closed).toEqual({ code: 1011, reason: `The script: ${told}` });
      expect(events).toContainEqual({ type: 'fault', id: 1, message: told, line: 5 });
      await expect(server.assertComplete()).rejects.toThrow(
        [
          'the Live server saw 4 things wrong:',
          `  - session 1: ${told}`,
          '  - session 1: script:5 was not met: expect {"text":"/weather/i"}',
          '  - session 1: script:8 was not met: expect {"toolResponse":{"functionResponses":[{"name":"get_weather","response":{"output":{"tempC":4}}}]}}',
          '  - session 1: script:10 was not met: expect "close"',
        ].join('\n'),
      );
    }));

  it('tells the place in the frame that differs', () =>
    stage(
      { steps: [{ expect: { setup: { generationConfig: { temperature: 0.5 } } } }] },
      async ({ server, faults }) => {
        const client = await openClient(server.url);
        client.send({ setup: { model: 'models/x', generationConfig: { temperature: 0.7 } } });
        await client.closed;
        expect(faults()).toEqual([
          expect.stringContaining(
            'steps[0]: expected {"setup":{"generationConfig":{"temperature":0.5}}}, ' +
              'setup.generationConfig.temperature is 0.7 in {"setup":',
          ),
        ]);
      },
    ));

  it('tells what does not come, and a client that leaves too early', () =>
    stage(
      {
        sessions: [
          { steps: [{ expect: 'setup', within: '50ms' }] },
          { steps: [{ expect: 'setup' }, { send: 'setupComplete' }, { expect: 'text' }] },
          { steps: [{ expect: 'setup' }] },
        ],
      },
      async ({ server, faults }) => {
        const silent = await openClient(server.url);
        expect((await silent.closed).reason).toMatch(/did not come within 50 ms/);
        const early = await openSession(server.url);
        await early.close();
        await expect.poll(faults).toHaveLength(2);
        expect(faults()).toEqual([
          'sessions[0].steps[0]: expected setup, but it did not come within 50 ms',
          'sessions[1].steps[2]: expected text, but the client left (1005)',
        ]);
        await expect(server.assertComplete()).rejects.toThrow(
          /sessions\[2\]: nobody opened this session/,
        );
      },
    ));

  it('reports frames that no step expects, but for sound; loose, nothing', async () => {
    const steps = [
      { expect: 'setup' as const },
      { send: 'setupComplete' as const },
      { expect: 'text' as const },
      { send: 'turnComplete' as const },
    ];
    for (const loose of [false, true]) {
      await stage({ steps, loose }, async ({ server, faults }) => {
        const client = await openSession(server.url);
        sendSound(client, quiet(300));
        client.send({ realtimeInput: { audioStreamEnd: true } });
        client.send({ realtimeInput: { text: 'hello' } });
        await client.turn();
        client.send({ contextUpdate: {} });
        await client.close();
        const told = [
          'steps[2]: expected text, got {"realtimeInput":{"audioStreamEnd":true}}',
          'unexpected {"contextUpdate":{}} after the last step',
        ];
        await expect.poll(faults).toEqual(loose ? [] : told);
        expect(server.frames.map(({ kind, audioMs }) => [kind, audioMs])).toEqual([
          ['setup', 0],
          ['audio', 300],
          ['audioStreamEnd', 0],
          ['text', 0],
          ['contextUpdate', 0],
        ]);
      });
    }
  });

  it('is as strict about frames as the server itself', () =>
    stage({ steps: [{ expect: 'setup' }] }, async ({ server, faults }) => {
      const client = await openClient(server.url);
      client.send({ setup: { model: 'models/x', colour: 1 } });
      expect((await client.closed).code).toBe(1007);
      expect(faults()[0]).toMatch(/1007: .*Unknown name "colour" at 'setup'/);
    }));

  it('asks for the key that the server wants', () =>
    stage(
      { steps: [{ expect: 'setup' }] },
      async ({ server }) => {
        const client = await openClient(server.url);
        client.send({ setup: { model: 'models/x' } });
        expect((await client.closed).code).toBe(1008);
      },
      { key: 'secret' },
    ));

  it('gathers sound, and what is over counts for the next', () =>
    stage(
      {
        within: '2s',
        steps: [
          { expect: 'setup' },
          { send: 'setupComplete' },
          { expect: 'audio', ms: 500 },
          { text: 'half' },
          { expect: 'audio', ms: '0.5s' },
          { text: 'whole' },
          { expect: { realtimeInput: { audio: { mimeType: '/rate=16000/' } } } },
          { text: 'more' },
        ],
      },
      async ({ server }) => {
        const client = await openSession(server.url);
        const words = (): string => wordsOf(client.received);
        sendSound(client, quiet(400));
        client.send({ realtimeInput: { audio: { data: '', mimeType: 'audio/pcm;rate=16000' } } });
        expect(words()).toBe('');
        sendSound(client, quiet(700));
        await client.until(() => words() === 'halfwholemore');
        await client.close();
        await server.assertComplete();
      },
    ));

  it('repeats; a loop without end may be left before each round, not within it', () =>
    stage(
      {
        steps: [
          { expect: 'setup' },
          { send: 'setupComplete' },
          { repeat: 2, steps: [{ expect: 'text' }, { reply: 'yes' }] },
          { repeat: 'forever', steps: [{ expect: 'text' }, { reply: 'no' }, { expect: 'text' }] },
        ],
      },
      async ({ server, faults }) => {
        for (const [count, words] of [
          [2, 'yesyes'],
          [4, 'yesyesno'],
        ] as const) {
          const client = await openSession(server.url, { outputAudioTranscription: {} });
          for (let i = 0; i < count; i++) client.send({ realtimeInput: { text: `${i}` } });
          await client.until(() => wordsOf(client.received) === words);
          await client.close();
        }
        await server.assertComplete();
        const client = await openSession(server.url);
        for (let i = 0; i < 3; i++) client.send({ realtimeInput: { text: `${i}` } });
        await client.turn(3);
        await client.close();
        await expect
          .poll(faults)
          .toEqual(['steps[3].steps[2]: expected text, but the client left (1005)']);
      },
    ));

  it('has one part for each connection, and tells of one too many', () =>
    stage(
      {
        sessions: [
          { steps: [{ expect: 'setup' }, { close: { code: 1008, reason: 'Not today.' } }] },
          {},
        ],
      },
      async ({ server, faults }) => {
        const first = await openClient(server.url);
        first.send({ setup: { model: 'models/x' } });
        expect(await first.closed).toEqual({ code: 1008, reason: 'Not today.' });
        const second = await openSession(server.url, { outputAudioTranscription: {} });
        second.send({ realtimeInput: { text: 'what is 12 times 12' } });
        expect(wordsOf(await second.turn())).toBe('12 times 12 is 144.');
        await second.close();
        const third = await openClient(server.url);
        expect((await third.closed).code).toBe(1011);
        expect(faults()).toEqual(['unexpected session: the script has 2']);
      },
    ));

  it('sends text where text was asked for', () =>
    stage(
      { steps: [{ expect: 'setup' }, { send: 'setupComplete' }, { reply: 'In words.' }] },
      async ({ server }) => {
        const client = await openSession(server.url, {
          generationConfig: { responseModalities: ['TEXT'] },
        });
        const turn = await client.turn();
        expect([wordsOf(turn), soundOf(turn).byteLength]).toEqual(['In words.', 0]);
      },
    ));
});

describe('assertComplete', () => {
  it('is content with a server whose clients have done nothing wrong, without a script too', () =>
    stage(undefined, async ({ server }) => {
      await server.assertComplete();
      const client = await openSession(server.url);
      await client.close();
      await server.assertComplete();
      expect(server.frames).toEqual([]);
    }));

  it('names refusals and sessions that are still open', () =>
    stage(undefined, async ({ server }) => {
      const bad = await openClient(server.url);
      bad.send({ nonsense: 1 });
      await bad.closed;
      await openSession(server.url);
      await expect(server.assertComplete({ withinMs: 10 })).rejects.toThrow(
        /session 1: closed with 1007: .*"nonsense".*\n {2}- session 2 is still open$/s,
      );
    }));

  it('keeps a bounded number of faults and frames', () =>
    stage({ steps: [{ expect: 'setup' }, { send: 'setupComplete' }] }, async ({ server }) => {
      const client = await openSession(server.url);
      for (let i = 0; i < 1500; i++) client.send({ realtimeInput: { text: `${i}` } });
      await client.close();
      await expect(server.assertComplete()).rejects.toThrow(/\n {2}- and 1400 more faults$/);
      expect(server.frames).toHaveLength(1000);
    }));
});

it('gives every frame to whoever wants them', async () => {
  const seen: string[] = [];
  await stage(
    undefined,
    async ({ server }) => {
      const client = await openSession(server.url);
      client.sendRaw('{');
      await client.closed;
    },
    {
      onFrame: ({ session, from, message, bytes }) =>
        seen.push(`${session} ${from} ${Object.keys(message ?? { raw: 1 })[0]} ${bytes.length}`),
    },
  );
  expect(seen).toEqual([
    expect.stringMatching(/^1 client setup \d+$/),
    expect.stringMatching(/^1 server setupComplete \d+$/),
    '1 client raw 1',
  ]);
});
