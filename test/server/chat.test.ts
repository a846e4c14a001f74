/** An OpenAI-compatible service as the brain: what it is asked, and all that it may do. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Brain, BrainPiece, BrainRequest, BrainTurn } from '../../src/server/brain/brain.ts';
import { chatBrain } from '../../src/server/brain/chat.ts';
import {
  bodyOf,
  breakOff,
  chunkOf,
  DONE,
  dribble,
  refuse,
  say,
  sendDeltas,
  stall,
  startOpenAiService,
  type OpenAiService,
} from '../support/openAiService.ts';

let service: OpenAiService;
let brain: Brain;
const never = new AbortController().signal;
const STALL_MS = 300;

async function connect(suffix = ''): Promise<Brain> {
  return chatBrain(new URL(service.url + suffix), { key: 'sk-1', stallMs: STALL_MS }, never);
}
beforeEach(async () => {
  service = await startOpenAiService();
  brain = await connect();
});
afterEach(() => service.close());

const user = (text: string): BrainTurn => ({ role: 'user', text });
const request = (turns: BrainTurn[], more: Partial<BrainRequest> = {}): BrainRequest => ({
  system: undefined,
  turns,
  tools: [],
  now: new Date(),
  ...more,
});

async function think(
  turns: BrainTurn[] = [user('hello')],
  more: Partial<BrainRequest> = {},
  signal: AbortSignal = never,
): Promise<BrainPiece[]> {
  const pieces: BrainPiece[] = [];
  for await (const piece of brain.think(request(turns, more), signal)) pieces.push(piece);
  return pieces;
}
const textOf = (pieces: BrainPiece[]): string =>
  pieces.map((piece) => ('text' in piece ? piece.text : '')).join('');

describe('it is asked', () => {
  it('with the conversation, streamed, with its first model and the key', async () => {
    await think([user('I am Ada.'), { role: 'model', text: 'Hello Ada.' }, user('Who am I?')], {
      system: 'Be brief.',
      temperature: 0.5,
    });
    const [asked] = service.asked;
    expect(asked?.path).toBe('/v1/chat/completions');
    expect(asked?.headers.authorization).toBe('Bearer sk-1');
    expect(bodyOf(asked)).toEqual({
      model: 'stand-in',
      stream: true,
      temperature: 0.5,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'I am Ada.' },
        { role: 'assistant', content: 'Hello Ada.' },
        { role: 'user', content: 'Who am I?' },
      ],
    });
  });

  it.each([
    ['?model=other', '/v1/chat/completions', 'other'],
    ['#a/b:c', '/v1/chat/completions', 'a/b:c'],
    ['/chat/completions?api-version=2&model=x', '/v1/chat/completions?api-version=2', 'x'],
    ['/', '/v1/chat/completions', 'stand-in'],
  ])('at %s', async (suffix, path, model) => {
    brain = await connect(suffix);
    await think();
    expect(service.asked[0]?.path).toBe(path);
    expect(bodyOf(service.asked[0])).toMatchObject({ model });
  });

  it('at an address without a path, below /v1', async () => {
    brain = await chatBrain(new URL(new URL(service.url).origin), { key: undefined }, never);
    await think();
    expect(service.asked[0]?.path).toBe('/v1/chat/completions');
    expect(service.asked[0]?.headers.authorization).toBeUndefined();
  });

  it('for speech, where there is no instruction', async () => {
    await think();
    expect(bodyOf(service.asked[0])).toMatchObject({
      messages: [{ role: 'system', content: expect.stringMatching(/spoken/) }, {}],
    });
  });

  it('with functions in JSON Schema, by names that it takes', async () => {
    service.behave(
      sendDeltas([
        { role: 'assistant', content: null },
        { tool_calls: [{ index: 0, id: 'a', function: { name: 'home_light', arguments: '' } }] },
        { tool_calls: [{ index: 0, function: { arguments: '{"room":"Küc' } }] },
        { tool_calls: [{ index: 0, function: { arguments: 'he"}' } }] },
        { tool_calls: [{ index: 1, id: 'b', function: { name: 'now', arguments: '{}' } }] },
      ]),
    );
    const pieces = await think([user('light')], {
      tools: [
        {
          name: 'home.light',
          description: 'Light',
          parameters: { type: 'OBJECT', properties: { room: { type: 'STRING' } } },
        },
        { name: 'now' },
      ],
    });
    expect(pieces).toEqual([
      { call: { name: 'home.light', args: { room: 'Küche' } } },
      { call: { name: 'now', args: {} } },
    ]);
    expect(bodyOf(service.asked[0])['tools']).toEqual([
      {
        type: 'function',
        function: {
          name: 'home_light',
          description: 'Light',
          parameters: { type: 'object', properties: { room: { type: 'string' } } },
        },
      },
      {
        type: 'function',
        function: { name: 'now', parameters: { type: 'object', properties: {} } },
      },
    ]);
  });

  it('with calls and their results, each result after its call', async () => {
    const call = (id: string, name: string) => ({ id, name, args: { n: 1 } });
    await think([
      user('go'),
      { role: 'model', text: '', calls: [call('1', 'a'), call('2', 'b')] },
      { role: 'tool', id: '1', name: 'a', response: { output: 'one' } },
      user('and?'),
      { role: 'model', text: 'Wait.' },
      { role: 'tool', id: '2', name: 'b', response: { output: 'two' } },
    ]);
    const called = (id: string, name: string) => ({
      id,
      type: 'function',
      function: { name, arguments: '{"n":1}' },
    });
    expect((bodyOf(service.asked[0])['messages'] as unknown[]).slice(1)).toEqual([
      { role: 'user', content: 'go' },
      { role: 'assistant', content: '', tool_calls: [called('1', 'a'), called('2', 'b')] },
      { role: 'tool', tool_call_id: '1', content: '{"output":"one"}' },
      { role: 'tool', tool_call_id: '2', content: '{"status":"pending"}' },
      { role: 'user', content: 'and?' },
      { role: 'assistant', content: 'Wait.' },
      { role: 'user', content: '[Result of b, for you to tell: {"output":"two"}]' },
    ]);
  });
});

describe('it answers', () => {
  it('piece by piece, as it comes', async () => {
    let goOn = (): void => {};
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    service.behave(async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chunkOf({ content: 'One. ' }));
      await gate;
      response.end(chunkOf({ content: 'Two.' }) + chunkOf({}, 'stop') + DONE);
    });
    const texts: string[] = [];
    for await (const piece of brain.think(request([user('go')]), never)) {
      if ('text' in piece) texts.push(piece.text);
      goOn(); // the second is only sent when the first has come
    }
    expect(texts).toEqual(['One. ', 'Two.']);
  });

  it('byte by byte, letters of several bytes too', async () => {
    service.behave(dribble('Grüße, 你好 👋!'));
    expect(textOf(await think())).toBe('Grüße, 你好 👋!');
  });

  it('all at once, where it does not stream', async () => {
    service.behave((response) => {
      const message = { role: 'assistant', content: 'Whole.' };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ choices: [{ message, finish_reason: 'stop' }] }, null, 2));
    });
    expect(await think()).toEqual([{ text: 'Whole.' }]);
  });

  it('with comments, other line ends and without [DONE]', async () => {
    service.behave((response) => {
      const events = `: ping\n\n${chunkOf({ role: 'assistant' })}${chunkOf({ content: 'A' })}event: x\ndata:${chunkOf({ content: 'B' }, 'stop').slice(6)}`;
      response.end(events.replaceAll('\n', '\r\n').trimEnd());
    });
    expect(textOf(await think())).toBe('AB');
  });

  it.each([
    ['reasoning_content', [{ reasoning_content: 'Hm.' }, { content: 'Yes.' }]],
    ['reasoning', [{ reasoning: 'Hm.' }, { content: 'Yes.' }]],
    ['think', [{ content: '<thi' }, { content: 'nk>Hm.</th' }, { content: 'ink>\n\nYes.' }]],
  ])('with thoughts (%s), which are not said', async (_how, deltas) => {
    service.behave(sendDeltas(deltas));
    const pieces = await think();
    expect(textOf(pieces)).toBe('Yes.');
    expect(pieces.map((piece) => ('thought' in piece ? piece.thought : '')).join('')).toBe('Hm.');
  });

  it('with a call in one piece, all numbered 0, as Ollama does', async () => {
    const call = (id: string, args: unknown) => ({
      tool_calls: [{ index: 0, id, function: { name: 'f', arguments: args } }],
    });
    service.behave(sendDeltas([call('a', '{"n":1}'), call('b', { n: 2 })], 'tool_calls'));
    expect(await think([user('x')], { tools: [{ name: 'f' }] })).toEqual([
      { call: { name: 'f', args: { n: 1 } } },
      { call: { name: 'f', args: { n: 2 } } },
    ]);
  });
});

describe('it fails, in plain words', () => {
  it.each<[string, () => void, RegExp]>([
    ['500', () => service.behave(refuse(500, 'out of memory')), /answered 500: out of memory$/],
    ['401', () => service.behave(refuse(401, 'bad key')), /answered 401: bad key$/],
    ['429', () => service.behave(refuse(429, 'slow down')), /answered 429: slow down$/],
    ['a page', () => service.behave((r) => void r.writeHead(502).end('<html>x')), /answered 502$/],
    [
      'a redirect',
      () =>
        service.behave((r) => void r.writeHead(307, { location: 'http://evil.example/' }).end()),
      /sends us on to http:\/\/evil/,
    ],
    ['no answer', () => service.behave(stall()), /said nothing for 0\.3 s/],
    ['a stop in the middle', () => service.behave(stall('Well, ')), /said nothing for 0\.3 s/],
    ['a cut connection', () => service.behave(breakOff('Well, ')), /closed the connection/],
    [
      'an early end',
      () => service.behave((r) => void r.end(chunkOf({ content: 'Well' }))),
      /middle of its answer/,
    ],
    ['no words', () => service.behave(say()), /answered nothing/],
    ['only thoughts', () => service.behave(say('<think>Hm</think>')), /answered nothing/],
    [
      'an error in the stream',
      () => service.behave((r) => void r.end('data: {"error":{"message":"no memory"}}\n\n')),
      /failed: no memory/,
    ],
    [
      'broken arguments',
      () =>
        service.behave(
          sendDeltas([{ tool_calls: [{ index: 0, function: { name: 'f', arguments: '{"a":' } }] }]),
        ),
      /f with arguments that are no JSON/,
    ],
    ['a gone service', () => void service.close(), /nothing listens|closed the connection/],
  ])('%s', async (_what, prepare, words) => {
    prepare();
    await expect(think()).rejects.toThrow(words);
  });

  it('once more, where the connection that was kept has just been closed', async () => {
    let count = 0;
    service.behave((response, asked) => {
      count += 1;
      if (count === 1) response.socket?.destroy();
      else void say('Here.')(response, asked);
    });
    expect(textOf(await think())).toBe('Here.');
    expect(service.asked).toHaveLength(2);
    service.behave((response) => void response.socket?.destroy());
    await expect(think()).rejects.toThrow(/closed the connection/);
    expect(service.asked).toHaveLength(4);
  });

  it('what came before the failure has been told', async () => {
    service.behave(breakOff('Well, ', 'so. '));
    const texts: string[] = [];
    await expect(async () => {
      for await (const piece of brain.think(request([user('x')]), never)) {
        if ('text' in piece) texts.push(piece.text);
      }
    }).rejects.toThrow(/closed the connection/);
    expect(texts.join('')).toBe('Well, so. ');
  });
});

describe('it is left alone', () => {
  it.each([
    ['before it says a word', []],
    ['in the middle of its answer', ['One. ']],
  ])('on abort %s: the request ends', async (_when, words) => {
    service.behave(stall(...words));
    const abort = new AbortController();
    const answer = think([user('x')], {}, abort.signal);
    answer.catch(() => {});
    await expect.poll(() => service.asked.length).toBe(1);
    abort.abort(new Error('interrupted'));
    await expect(answer).rejects.toThrow('interrupted');
    expect(await service.asked[0]?.over).toBe('cut');
  });

  it('when nobody reads on', async () => {
    service.behave(stall('One. ', 'Two. '));
    for await (const piece of brain.think(request([user('x')]), never)) {
      expect(piece).toEqual({ text: 'One. ' });
      break;
    }
    expect(await service.asked[0]?.over).toBe('cut');
  });

  it('and is not asked at all with a signal that has been given', async () => {
    await expect(think([user('x')], {}, AbortSignal.abort(new Error('late')))).rejects.toThrow(
      'late',
    );
    expect(service.asked).toHaveLength(0);
  });
});
