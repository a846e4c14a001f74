/** Scripts as text: where a mistake stands, what the published schema says, and what no text may do. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { GemliveError } from '../../src/errors.ts';
import { loadScript } from '../../src/server/script/load.ts';
import { jsonSchema, SCRIPT_SCHEMA } from '../../src/server/script/schema.ts';
import type { Script } from '../../src/server/script/script.ts';
import { startLiveServer } from '../../src/server/server.ts';
import { GEMINI_PATH, openSession } from '../support/liveClient.ts';
import { writeWav } from '../support/wav.ts';

const NO_ENGINES = { stt: 'none', llm: 'built-in', tts: 'none' };
const root = join(import.meta.dirname, '..', '..');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gemlive-script-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function errorOf(load: Promise<unknown>): Promise<GemliveError> {
  const error = await load.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof GemliveError)) throw new Error('it was taken', { cause: error });
  return error;
}

describe('a mistake', () => {
  it.each(
    [
      ['steps:\n  - expct: setup\n', '2:5: a step has one of expect, send, say,'],
      ['steps:\n  - expect: setup\n    send: {}\n', '2:5: a step has one of'],
      ['steps:\n  - 5\n', '2:5: a step has one of'],
      ['steps:\n  - expect: steup\n', '2:13: expected setup, clientContent,'],
      ['steps:\n  - expect: {text: /(/}\n', '2:20: not a regular expression'],
      ['steps:\n  - expect: {setup: 1, text: a}\n', '2:24: "text" has no place here'],
      ['steps:\n  - expect: setup\n    wihtin: 5s\n', '3:5: "wihtin" has no place here'],
      ['steps:\n  - wait: 5 apples\n', '2:11: expected a duration such as 500ms, 5s or 1.5m'],
      ['steps:\n  - wait: 25h\n', '2:11: at most a day (24h), got "25h"'],
      ['steps:\n  - close: 1006\n', '2:12: not a code that may be sent'],
      ['steps:\n  - call: {nme: x}\n', '2:12: "nme" has no place here'],
      ['steps:\n  - call: {}\n', '2:11: "name" is missing'],
      ['steps:\n  - audio: {silence: 11m}\n', '2:22: at most ten minutes'],
      ['steps:\n  - fault: dorp\n', '2:12: expected drop, half-open,'],
      ['faults:\n  - {fault: dorp}\n', '2:13: expected drop, half-open,'],
      ['faults:\n  - {fault: stall, turns: 0}\n', '2:27: '],
      ['steps:\n  - fault: kill\n    words: /(/\n', '3:12: not a regular expression'],
      ['faults:\n  - {fault: refuse-handle, code: 1006}\n', '2:34: not a code that may be sent'],
      ['steps:\n  - {fault: late-part, dely: 5s}\n', '2:24: "dely" has no place here'],
      ['faults:\n  - {fault: other-rate, rate: 1}\n', '2:31: '],
      ['faults:\n  - {fault: drop, colour: 1}\n', '2:19: "colour" has no place here'],
      ['steps:\n - repeat: 2\n   steps:\n    - {sned: 1}\n', '4:7: a step has one of'],
      ['steps: []\nsessions: [{}]\n', '1:8: `steps` (for every connection) and `sessions`'],
      [
        'stepz: []\n',
        '1:1: "stepz" has no place here: expected steps, faults, loose, within, sessions',
      ],
      [
        'sessions:\n  - stpes: []\n',
        '2:5: "stpes" has no place here: expected steps, faults, loose',
      ],
      ['- expect: setup\n', '1:1: expected object, got [{"expect":"setup"}]'],
      ['\n', '1:1: expected object'],
      ['steps: [\n', '2:1: '],
      ['steps:\n\t- a\n', '2:1: Tabs are not allowed as indentation'],
      ['steps: *nothing\n', 'Unresolved alias'],
      ['a: 1\na: 2\n', '2:1: Map keys must be unique'],
      ['{"steps": [\n  {"close": 1008,, "a": 1}\n]}', '2:18: '],
      [`${'['.repeat(20_000)}\n`, '1:1: it is nested too deeply'],
      [
        `a: &a [${'x,'.repeat(50)}]\nb: &b [${'*a,'.repeat(50)}]\nc: [${'*b,'.repeat(50)}]\n`,
        'alias',
      ],
    ].map(([text = '', words = '']) => [text.slice(0, 60), text, words] as const),
  )('in %j is told with its line and column', async (_short, text, words) => {
    const error = await errorOf(loadScript(text));
    expect(error.message).toContain(words);
    expect(error.message).toMatch(/^script:\d+:\d+: /);
    expect([error.exitCode, error.code]).toEqual([2, 'usage']);
    expect(error.hint).toContain('docs/testing-with-gemlive.md');
  });

  it('in an object is told with its path', async () => {
    const steps = [{ expect: 'setup' }, { send: 5 }];
    const error = await errorOf(loadScript({ sessions: [{ steps }] } as unknown as Script));
    expect(error.message).toMatch(/^sessions\[0\]\.steps\[1\]\.send: expected .*, got 5$/);
    const endless: { steps: unknown[] } = { steps: [] };
    endless.steps.push({ repeat: 2, steps: endless.steps });
    expect((await errorOf(loadScript(endless as Script))).exitCode).toBe(2);
  });

  it.each([
    ['a file that is not there', 'none.yaml', 'input_missing'],
    ['a folder', '.', 'input_unreadable'],
    ['bytes that are no text', 'bytes.yaml', 'input_unreadable'],
  ])('that is %s exits with 8', async (_what, name, code) => {
    writeFileSync(join(folder, 'bytes.yaml'), Buffer.from([0xff, 0xfe, 0x00]));
    const error = await errorOf(loadScript(join(folder, name)));
    expect([error.exitCode, error.code]).toEqual([8, code]);
    expect(error.why).toBeDefined();
  });
});

describe('a script file', () => {
  it('may be YAML or JSON, named by a path or a URL; sounds count from its folder', async () => {
    writeWav(join(folder, 'one.wav'), new Uint8Array(32_000), {
      sampleRateHz: 16_000,
      channels: 1,
    });
    const steps = [
      { expect: 'setup', within: '2s' },
      { audio: 'one.wav', speed: 1 },
    ];
    writeFileSync(join(folder, 'a.json'), JSON.stringify({ steps }, null, '\t'));
    writeFileSync(
      join(folder, 'a.yaml'),
      '# a comment\nsteps:\n  - expect: setup\n    within: 2s\n  - {audio: one.wav, speed: 1}\n',
    );
    for (const [name, line] of [
      ['a.json', 7],
      ['a.yaml', 5],
    ] as const) {
      for (const source of [join(folder, name), pathToFileURL(join(folder, name))]) {
        const { each } = await loadScript(source);
        const [first, second] = each?.steps ?? [];
        expect([first?.step, second?.step]).toEqual(steps);
        expect(second?.where).toBe(`${name}:${line}`);
        // One second of 16 kHz is one second of 24 kHz, but for the resampler's ends.
        expect(Math.abs((second?.sound?.byteLength ?? 0) - 48_000)).toBeLessThan(200);
      }
    }
  });

  it('tells of a sound that is not there, and of one that is none', async () => {
    writeFileSync(join(folder, 'none.flac'), 'fLaC and so on, for some more bytes');
    for (const [name, code] of [
      ['no.wav', 'input_missing'],
      ['none.flac', 'input_unreadable'],
    ]) {
      writeFileSync(join(folder, 's.yaml'), `steps:\n  - expect: setup\n  - audio: ${name}\n`);
      const error = await errorOf(loadScript(join(folder, 's.yaml')));
      expect(error.message).toBe(`s.yaml:3: cannot read the sound ${name}`);
      expect([error.exitCode, error.code]).toEqual([8, code]);
    }
  });
});

it('docs/script.schema.json is what scripts are checked against: node scripts/schema.mjs', () => {
  const published: unknown = JSON.parse(
    readFileSync(join(root, 'docs', 'script.schema.json'), 'utf8'),
  );
  expect(published).toEqual(JSON.parse(JSON.stringify(jsonSchema())));
});

describe('docs/testing-with-gemlive.md', () => {
  const page = readFileSync(join(root, 'docs', 'testing-with-gemlive.md'), 'utf8');
  const blocks = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, text = '']) => text);

  it('has scripts that can be played', async () => {
    expect(blocks).toHaveLength(4);
    for (const text of blocks) await loadScript(text.startsWith('-') ? `steps:\n${text}` : text);
  });

  it('shows what assertComplete() says', async () => {
    const path = join(folder, 'weather.yaml');
    writeFileSync(path, blocks[0] ?? '');
    const server = await startLiveServer({ ...NO_ENGINES, script: path });
    const client = await openSession(server.url);
    client.send({ realtimeInput: { text: 'what time is it' } });
    await client.closed;
    const error: unknown = await server.assertComplete().catch((reason: unknown) => reason);
    await server.close();
    expect(page).toContain(`\`\`\`\n${String(error)}\n\`\`\`\n`);
  });
});

describe('whatever it says', () => {
  const json = fc.jsonValue({ maxDepth: 2, stringUnit: 'grapheme' });
  const duration = fc.oneof(
    fc.integer({ min: 0, max: 3 }),
    fc.constantFrom('0ms', '2ms', '0.001s'),
  );
  const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
  const code = fc.constantFrom(1000, 1007, 1008, 1011, 3000, 4999);
  const kind = fc.constantFrom('setup', 'audio', 'text', 'close', 'clientContent', 'realtimeInput');
  const fault = fc.oneof(
    fc.constantFrom('drop', 'half-open', 'unknown-keys', 'none').map((name) => ({ fault: name })),
    fc.record({ fault: fc.constant('malformed-frame') }),
    fc.record({
      fault: fc.constant('close'),
      code,
      reason: fc.constantFrom('', 'why', 'ü'.repeat(61)),
    }),
    fc.record({ fault: fc.constant('goAway'), timeLeft: duration }),
    fc.record({ fault: fc.constant('slow-audio'), factor: fc.constantFrom(0.5, 100) }),
    fc.record({ fault: fc.constant('slow-audio'), delay: duration }),
    fc.record({ fault: fc.constant('burst'), hold: duration }),
    fc.record({ fault: fc.constant('late-transcription'), delay: duration }),
    fc.record({ fault: fc.constantFrom('late-part', 'late-usage'), delay: duration }),
    fc.record({ fault: fc.constant('stall'), sound: duration }),
    fc.record({
      fault: fc.constantFrom('refused-turns', 'empty-turns'),
      turns: fc.nat(2).map((n) => n + 1),
    }),
    fc.record({ fault: fc.constant('text-parts'), text: optional(fc.constantFrom('a', 'ü')) }),
    fc.record({ fault: fc.constant('kill'), words: optional(fc.constantFrom('/hi/', 'hi')), code }),
    fc
      .constantFrom(
        'no-turn-end',
        'whole-sentences',
        'repeat-transcript',
        'other-rate',
        'half-sample',
        'quiet-audio',
        'ignore-text',
        'refuse-handle',
        'error-frame',
      )
      .map((name) => ({ fault: name })),
  );
  const timed = fc
    .tuple(
      fault,
      fc.record(
        {
          at: duration,
          after: fc.oneof(
            fc.record({ turns: fc.integer({ min: 1, max: 3 }) }),
            fc.record({ frames: fc.integer({ min: 1, max: 9 }) }),
            fc.record({ audio: duration }),
          ),
        },
        { requiredKeys: [] },
      ),
    )
    .map(([what, when]) => ({ ...what, ...when }));
  const simple = fc.oneof(
    fc
      .record({
        expect: fc.oneof(
          kind,
          fc.record({ text: fc.constantFrom('hello', '/h.*/i', '') }),
          fc.record({
            setup: json.filter(
              (value) => SCRIPT_SCHEMA.safeParse({ steps: [{ expect: { setup: value } }] }).success,
            ),
          }),
          fc.record({ close: code }),
        ),
        within: fc.constant(2),
        ms: optional(duration),
      })
      .map(({ ms, ...step }) => (ms === undefined ? step : { ...step, ms })),
    fc.record({
      send: fc.oneof(
        fc.constantFrom('setupComplete', 'generationComplete', 'turnComplete', 'interrupted'),
        fc.dictionary(fc.constantFrom('serverContent', 'goAway', 'usageMetadata', 'x'), json),
        // What the server looks into, in shapes that it does not expect.
        fc.record({ serverContent: fc.record({ modelTurn: json, outputTranscription: json }) }),
        fc.record({
          serverContent: fc.record({ modelTurn: fc.record({ parts: fc.array(json) }) }),
        }),
      ),
    }),
    fc.record({ say: fc.constantFrom('', 'One.', ' two words ') }),
    fc.record({ reply: fc.constantFrom('', 'Yes.') }),
    fc.record({ text: fc.string() }),
    fc.record({ heard: fc.string() }),
    fc.record({ audio: fc.record({ silence: duration }), speed: fc.constant(100) }),
    fc.record({ call: fc.record({ name: fc.constant('f') }) }),
    fc.record({ wait: duration }),
    fc.record({ close: code }),
    fault,
  );
  const step = fc.oneof(
    { weight: 6, arbitrary: simple },
    {
      weight: 1,
      arbitrary: fc.record({
        repeat: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.constant('forever')),
        steps: fc.array(simple, { minLength: 1, maxLength: 3 }),
      }),
    },
  );
  const script = fc.record(
    {
      steps: fc.array(step, { maxLength: 6 }),
      faults: fc.array(timed, { maxLength: 3 }),
      loose: fc.boolean(),
      within: fc.constant(2),
    },
    { requiredKeys: ['within'] },
  );

  it('a script that the schema takes is played without an internal fault, and the server lives', async () => {
    const run = fc.asyncProperty(script, async (made) => {
      expect(SCRIPT_SCHEMA.safeParse(made).error?.issues ?? []).toEqual([]);
      const faults: string[] = [];
      const server = await startLiveServer({
        ...NO_ENGINES,
        script: made as Script,
        onEvent: (event) => event.type === 'fault' && faults.push(event.message),
      });
      const socket = new WebSocket(server.url.replace('http', 'ws') + GEMINI_PATH);
      socket.on('error', () => {}); // dropped at once
      socket.on('open', () => {
        socket.send('{"setup":{"model":"models/gemini-3.8-live"}}');
        socket.send('{"realtimeInput":{"audio":{"data":"AAAA","mimeType":"audio/pcm"}}}');
        socket.send('{"realtimeInput":{"text":"hello"}}');
        socket.send('{"clientContent":{"turns":[{"parts":[{"text":"hi"}]}],"turnComplete":true}}');
      });
      await new Promise((resolve) => setTimeout(resolve, 30));
      socket.terminate();
      await server.assertComplete({ withinMs: 20 }).catch(() => {});
      await server.close();
      expect(faults.filter((fault) => fault.includes('internal'))).toEqual([]);
    });
    await fc.assert(run, { numRuns: 150 });
  }, 60_000);

  const yamlish = fc
    .array(
      fc.constantFrom(
        'steps:',
        'faults:',
        'sessions:',
        '\n',
        '\n  ',
        '- ',
        'expect: ',
        'send: ',
        '{',
        '}',
        '[',
        ']',
        'setup',
        '"',
        "'",
        ': ',
        ', ',
        '&a ',
        '*a',
        '!!binary ',
        '!x ',
        '|',
        '>',
        '#',
        '%',
        '---',
        '...',
        '<<: ',
        '? ',
        '/(/',
        '\t',
        '\u0000',
        '\uFEFF',
        '__proto__: ',
        'null',
        '5s',
        '1e999',
        'fault: drop',
        '{"log":"gemlive"',
        '"t":1,"session":1',
        '"frame":{',
        '\r\n',
      ),
      { maxLength: 40 },
    )
    .map((parts) => parts.join(''));
  it('a text is a script or a mistake with its place; it never breaks the reader', async () => {
    const texts = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), yamlish);
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        const error: unknown = await loadScript(`${text}\n`).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (error === undefined) return;
        expect(error).toBeInstanceOf(GemliveError);
        expect((error as GemliveError).message).toMatch(/^script:/);
      }),
      { numRuns: 3_000 },
    );
  }, 60_000);
});
