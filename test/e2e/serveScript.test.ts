/** `gemlive serve --script` and `--log` through the built program, with `gemlive` itself as the client. */
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventsIn, runCli, spawnCli, type CliResult } from '../support/cli.ts';
import { openClient, openSession, quiet, sendSound } from '../support/liveClient.ts';

const QUICK = ['--port', '0', '--stt', 'none', '--llm', 'built-in', '--tts', 'none'];
const QUESTION = join(import.meta.dirname, '..', '..', 'audio-fixtures', 'question.pcm');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gemlive-serve-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const fileWith = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

type Served = { code: number | null; stdout: string; stderr: string };

/** Runs the server while `work` does, and ends it with SIGTERM. */
async function serve(
  args: readonly string[],
  work: (url: string, stderr: () => string) => Promise<void>,
): Promise<Served> {
  const child = spawnCli(['serve', ...QUICK, ...args]);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  const closed = once(child, 'close') as Promise<[number | null]>;
  try {
    const [first] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const url = first.startsWith('{') ? (JSON.parse(first) as { url: string }).url : first;
    await work(url, () => stderr);
  } finally {
    child.kill('SIGTERM');
  }
  const [code] = await closed;
  return { code, stdout, stderr };
}

const chat = (url: string, ...words: string[]): Promise<CliResult> =>
  runCli(['chat', '--base-url', url, ...words]);

/** What the server says, less the line about its engines. */
const toldBy = ({ stderr }: Served): string => stderr.replace(/^engines: .*\n/m, '');

describe.concurrent('mistakes', () => {
  it.each([
    ['a key that is none', 'steps:\n  - expct: setup\n', /^error: s\.yaml:2:5: a step has one of /],
    ['no YAML', 'steps: [\n', /^error: s\.yaml:2:1: /],
    ['nothing', '', /^error: s\.yaml:1:1: expected object, got null\n/],
  ])('in a script exit with 2 and its place: %s', async (_what, text, told) => {
    const own = mkdtempSync(join(tmpdir(), 'gemlive-serve-'));
    writeFileSync(join(own, 's.yaml'), text);
    const { code, stdout, stderr } = await runCli(['serve', '--script', 's.yaml'], { cwd: own });
    rmSync(own, { recursive: true });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(told);
    expect(stderr).toMatch(/\n {2}try: the format of scripts: docs\/testing-with-gemlive\.md\n$/);
  });

  it.each([
    [
      8,
      ['--script', 'none.yaml'],
      /^error: cannot read the script \S+none\.yaml\n {2}why: there is/,
    ],
    [2, ['--log', 'no/folder/x'], /^error: cannot write the log \S+x \(ENOENT\)\n {2}try: /],
    [2, ['--log', '.'], /^error: cannot write the log \S+ \(EISDIR\)\n {2}try: /],
  ])('that exit with %i: %j', async (exitCode, args, told) => {
    const { code, stdout, stderr } = await runCli(['serve', ...QUICK, ...args]);
    expect([code, stdout]).toEqual([exitCode, '']);
    expect(stderr).toMatch(told);
  });

  it('a log never replaces the script', async () => {
    const own = mkdtempSync(join(tmpdir(), 'gemlive-serve-'));
    const path = join(own, 's.yaml');
    writeFileSync(path, 'steps: []\n');
    const { code } = await runCli(['serve', ...QUICK, '--script', path, '--log', path]);
    expect([code, readFileSync(path, 'utf8')]).toEqual([2, 'steps: []\n']);
    rmSync(own, { recursive: true });
  });
});

describe('a script', () => {
  const WEATHER =
    'steps:\n  - expect: setup\n  - send: setupComplete\n  - expect: {text: /weather/}\n' +
    '  - reply: It rains.\n  - expect: close\n';

  it('answers gemlive chat, and is silent where all is well', async () => {
    const served = await serve(['--script', fileWith('w.yaml', WEATHER)], async (url) => {
      const { code, stdout, stderr } = await chat(url, 'how is the weather');
      expect([code, stdout, stderr]).toEqual([0, 'It rains.\n', '']);
    });
    expect([served.code, toldBy(served)]).toEqual([0, '']);
  });

  it('tells what a client did wrong, with the line: in words, and with --json as an event', async () => {
    const script = ['--script', fileWith('w.yaml', WEATHER)];
    const told = 'w.yaml:4: expected {"text":"/weather/"}, got the text "what time is it"';
    const asks = async (url: string): Promise<void> => {
      const { code, stderr } = await chat(url, 'what time is it');
      expect(code).toBe(5);
      expect(stderr).toContain(`the server closed the session: The script: ${told} (code 1011)`);
    };
    const plain = await serve(script, asks);
    expect([plain.code, toldBy(plain)]).toEqual([0, `session 1: ${told}\n`]);
    const json = await serve([...script, '--json'], asks);
    expect(eventsIn(json.stdout)).toContainEqual(
      expect.objectContaining({ type: 'fault', id: 1, line: 4, message: told }),
    );
  });
});

describe('a fault, as the user of gemlive chat sees it', () => {
  const at = 'after: {frames: 3}';
  it.each([
    [`{fault: drop, ${at}}`, 5, /the connection was closed \(code 1006\)/],
    [`{fault: close, ${at}, code: 1007, reason: Request contains an invalid argument.}`, 6, /1007/],
    [`{fault: close, ${at}, code: 1008, reason: The operation was aborted.}`, 5, /aborted/],
    [`{fault: close, ${at}}`, 5, /Internal error encountered\. \(code 1011\)/],
    [`{fault: malformed-frame, ${at}}`, 0, /a frame from the server was skipped: not JSON/],
    [`{fault: malformed-frame, kind: bad-utf8, ${at}}`, 0, /skipped: not UTF-8/],
    [`{fault: malformed-frame, kind: not-object, ${at}}`, 0, /skipped: not a JSON object/],
    [`{fault: goAway, ${at}}`, 0, /^$/],
    ['{fault: unknown-keys}', 0, /^$/],
    ['{fault: late-transcription, delay: 500ms}', 0, /^$/],
    ['{fault: slow-audio, delay: 50ms}', 0, /^$/],
    ['{fault: burst, hold: 300ms}', 0, /^$/],
  ])('%s', async (fault, exitCode, told) => {
    await serve(['--script', fileWith('f.yaml', `faults:\n  - ${fault}\n`)], async (url) => {
      const { code, stdout, stderr } = await chat(url, 'what is 12 times 12');
      expect(code).toBe(exitCode);
      expect(stderr).toMatch(told);
      if (exitCode === 0) expect(stdout).toBe('12 times 12 is 144.\n');
    });
  });

  it('half-open: nothing comes until the user has had enough', async () => {
    const script = fileWith('f.yaml', 'faults:\n  - {fault: half-open, after: {frames: 2}}\n');
    await serve(['--script', script], async (url) => {
      const { code, stderr } = await chat(url, '--max-duration', '1.5', 'what is 12 times 12');
      expect([code, stderr]).toEqual([6, expect.stringContaining('not done within 1.5 s')]);
    });
  });
});

describe('a log', () => {
  it('is a script: the same recording gets the same answer, byte for byte', async () => {
    const log = join(folder, 'session.log.ndjson');
    const replies = [join(folder, 'a.wav'), join(folder, 'b.wav')];
    const ask = (reply: string | undefined) => async (url: string) => {
      const file = ['file', QUESTION, '--base-url', url, '-o', reply ?? ''];
      expect(await runCli(file)).toMatchObject({ code: 0, stderr: '' });
      expect(await chat(url, 'what is 7 times 7')).toMatchObject({ stdout: '7 times 7 is 49.\n' });
    };
    const recorded = await serve(['--log', log], ask(replies[0]));
    const replayed = await serve(['--script', log], ask(replies[1]));
    expect([toldBy(recorded), toldBy(replayed)]).toEqual(['', '']);
    const [a, b] = replies.map((path) => readFileSync(path));
    expect(a?.equals(b ?? Buffer.alloc(0))).toBe(true);
    const other = await serve(['--script', log], async (url) => {
      expect((await chat(url, 'what is 7 times 8')).code).toBe(5);
    });
    // The first session was one of sound.
    expect(toldBy(other)).toMatch(
      /^session 1: session\.log\.ndjson:\d+: expected audio, got .*clientContent/,
    );
  });

  it('has every frame of both sides with its time, private, and no credential', async () => {
    const log = join(folder, 'x.ndjson');
    await serve(['--log', log, '--key', 'secret-key', '--json'], async (url) => {
      const client = await openClient(url, undefined, {
        headers: { 'x-goog-api-key': 'secret-key' },
      });
      client.send({ setup: { model: 'models/gemini-3.8-live', sessionResumption: {} } });
      await client.until(({ setupComplete }) => setupComplete !== undefined);
      sendSound(client, quiet(100));
      client.send({ realtimeInput: { text: 'what is 12 times 12' } });
      const { sessionResumptionUpdate } = await client.until(
        (message) => message.sessionResumptionUpdate?.newHandle !== undefined,
      );
      const handle = sessionResumptionUpdate?.newHandle ?? '';
      client.sendRaw(Buffer.from([0xff, 0xfe]));
      expect((await client.closed).code).toBe(1007);
      const again = await openClient(url, undefined, {
        headers: { 'x-goog-api-key': 'secret-key' },
      });
      again.send({ setup: { model: 'models/gemini-3.8-live', sessionResumption: { handle } } });
      await again.until(({ setupComplete }) => setupComplete !== undefined);
      await again.close();
      await expect.poll(() => readFileSync(log, 'utf8')).toMatch(/"session":2,"close"/);
      const text = readFileSync(log, 'utf8');
      expect(text).not.toContain('secret-key');
      expect(text).not.toContain(handle);
      const [head, ...lines] = eventsIn(text);
      expect(head).toMatchObject({ log: 'gemlive', version: 1 });
      const times = lines.map(({ t }) => t as number);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      const own = lines.filter(({ session }) => session === 1);
      expect(own[0]).toMatchObject({ open: expect.stringMatching(/BidiGenerateContent$/) });
      expect(own.filter(({ from }) => from === 'server').map(({ frame }) => frame)).toHaveLength(
        client.received.length,
      );
      expect(own).toContainEqual(expect.objectContaining({ from: 'client', raw: '//4=' }));
      expect(own.at(-1)).toMatchObject({ close: { code: 1007, by: 'server' } });
      // The handle goes by the same name where it is used.
      const named = /"newHandle":"(handle-[0-9a-f]{12})"/.exec(text)?.[1];
      expect(named).toBeDefined();
      expect(text).toContain(`"sessionResumption":{"handle":"${named}"}`);
      expect(statSync(log).mode & 0o777).toBe(0o600);
    });
  });

  it.skipIf(!existsSync('/dev/full'))(
    'on a full disk is told once, and the server lives',
    async () => {
      const served = await serve(['--log', '/dev/full'], async (url) => {
        for (let i = 0; i < 2; i++) {
          expect(await chat(url, 'what is 7 times 7')).toMatchObject({ code: 0 });
        }
      });
      expect([served.code, toldBy(served)]).toEqual([0, 'server: the log ends here: ENOSPC\n']);
    },
  );

  it('is not touched by a server that does not get to listen', async () => {
    const log = fileWith('old.ndjson', 'from before\n');
    await serve([], async (url) => {
      const { code } = await runCli(['serve', '--port', new URL(url).port, '--log', log]);
      expect([code, readFileSync(log, 'utf8')]).toEqual([2, 'from before\n']);
    });
    await serve(['--log', log], async () => {});
    expect(readFileSync(log, 'utf8')).toMatch(
      /^\{"log":"gemlive","version":1,"startedAt":"[^"]+"\}\n$/,
    );
  });

  it('that was cut short is a script up to there, and the broken line is told', async () => {
    const log = join(folder, 'cut.ndjson');
    await serve(['--log', log], async (url) => {
      await (await openSession(url)).close();
    });
    const whole = readFileSync(log, 'utf8');
    writeFileSync(log, whole.slice(0, -20));
    const { code, stderr } = await runCli(['serve', ...QUICK, '--script', log]);
    const line = whole.trimEnd().split('\n').length;
    expect(code).toBe(2);
    expect(stderr).toMatch(new RegExp(`^error: cut\\.ndjson:${line}: not a line of a log`));
  });
});
