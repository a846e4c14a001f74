/** The keys of `talk` in a terminal, with what they do to sound and wire; and `talk` without a terminal. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';

import { startLiveServer, type LiveServer } from '../../src/server/server.ts';
import { stringWidth } from '../../src/ui/layout.ts';
import { eventsIn, spawnCli } from '../support/cli.ts';
import { between, lengthMs, soundsIn } from '../support/hearing.ts';
import { untilGone } from '../support/programs.ts';
import { below, openPty, type Pty, type PtyOptions } from '../support/pty.ts';
import {
  framesIn,
  soundIn,
  startRecordingProxy,
  type RecordingProxy,
} from '../support/recordingProxy.ts';
import { matchBlocks } from '../support/signal.ts';
import { needsSound, startSoundServer, type SoundServer } from '../support/soundServer.ts';
import { until } from '../support/until.ts';

const question = readFileSync(
  join(import.meta.dirname, '..', '..', 'audio-fixtures', 'question.pcm'),
);
/** A machine that is busy beyond its cores has gaps that are real; a fault of ours is there every time. */
const REAL_TIME = { retry: 2, timeout: 60_000 };
const SHOW_CURSOR = '\x1b[?25h';

needsSound('the keys of talk', () => {
  let sound: SoundServer;
  let live: LiveServer;
  let proxy: RecordingProxy;
  let pty: Pty | undefined;

  beforeAll(async () => {
    [sound, live] = await Promise.all([startSoundServer(), startLiveServer()]);
    await live.engines;
  });
  afterEach(async () => {
    await pty?.close();
    await proxy?.close();
  });
  afterAll(async () => {
    await live?.close();
    await sound?.stop();
  });

  const open = async (args: string[], options: Partial<PtyOptions> = {}): Promise<Pty> => {
    proxy = await startRecordingProxy(live.url);
    pty = openPty(['talk', '--base-url', proxy.url, ...args], {
      environment: sound.environment,
      ...options,
    });
    return pty;
  };
  const answers = (): number =>
    proxy.fromServer.filter(({ message }) => message.serverContent?.generationComplete).length;

  /** The key ends it, with nothing left of it: neither in the terminal nor among the processes. */
  const leaveBy = async (terminal: Pty, key: string): Promise<void> => {
    const children = terminal.children();
    expect(children.map(({ name }) => name)).toContain('parec');
    terminal.send(key);
    const { code, modes } = await terminal.ended;
    expect(code).toBe(0);
    expect(modes.before).toMatch(/ icanon /);
    expect(modes.after).toBe(modes.before);
    const output = terminal.output();
    expect(output.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(output.lastIndexOf('\x1b[?25l'));
    for (const { pid, name } of children)
      expect([name, await untilGone(pid)]).toEqual([name, true]);
  };

  it.each([
    ['q', 'q'],
    ['Ctrl+C', '\x03'],
    ['Ctrl+D', '\x04'],
  ])('%s quits: exit 0, terminal as before, no child left', async (_name, key) => {
    const terminal = await open([]);
    await terminal.until(/● listening/);
    await leaveBy(terminal, key);
  });

  it('quits in the middle of an answer and in the middle of typing', async () => {
    const terminal = await open(['--greet', 'count to one hundred']);
    await terminal.until(/● speaking/);
    terminal.send('\rhalf a mess');
    await terminal.until(/› half a mess/);
    await leaveBy(terminal, '\x03');
  });

  it(
    'Esc stops the sound; a typed message interrupts and is answered whole',
    REAL_TIME,
    async () => {
      const terminal = await open(['--greet', 'count to one hundred']);
      const recording = await sound.recordSpeaker();
      const sounds = (): boolean => soundsIn(recording.soFar(), 60);
      await until('it counts', () => lengthMs(recording.soFar()) > 1500 && sounds());
      terminal.mark();
      terminal.send('\x1b');
      // Longer than any pause between the numbers.
      await until('Esc makes it silent', () => !soundsIn(recording.soFar(), 800));
      await terminal.until(/gemini +1.*—/s);

      const before = proxy.fromServer.length;
      terminal.send('\r');
      await terminal.until(/› /);
      terminal.send('count to fifty\r');
      await until('it counts again', sounds);
      expect(
        proxy.fromServer.slice(before).some(({ message }) => message.serverContent?.interrupted),
      ).toBe(true);

      const mark = proxy.fromServer.length;
      const askedAtMs = lengthMs(recording.soFar());
      const counted = answers();
      terminal.send('\rwhat is three times four\r');
      const reply = (): Uint8Array => {
        const since = proxy.fromServer.slice(mark);
        const cut = since.findIndex(({ message }) => message.serverContent?.interrupted);
        return cut < 0 ? new Uint8Array() : soundIn(since.slice(cut));
      };
      await until('the answer is complete', () => answers() > counted && reply().byteLength > 0);
      await until('it has been heard', () => !soundsIn(recording.soFar(), 400));
      await terminal.until(/you +what is three times four/);
      await terminal.until(/gemini +3 times 4 is 12\./);
      await leaveBy(terminal, 'q');
      const { pcm } = await recording.stop();
      const blocks = matchBlocks(reply(), between(pcm, askedAtMs, lengthMs(pcm)), {
        rateHz: 24_000,
      });
      const lags = blocks.map(({ lagMs }) => lagMs);
      expect(blocks.length).toBeGreaterThan(5);
      expect(Math.min(...blocks.map(({ correlation }) => correlation))).toBeGreaterThan(0.9);
      expect(Math.max(...lags) - Math.min(...lags)).toBeLessThan(4);
    },
  );

  it('m mutes: digital zero goes out, and nothing is answered; once more, and the voice is there again', async () => {
    const terminal = await open([]);
    await terminal.until(/● listening/);
    terminal.mark();
    terminal.send('m');
    await terminal.until(/● muted .*you \(muted\)/);
    const mark = proxy.fromClient.length;
    const startedMs = performance.now();
    await sound.playIntoMic(question);
    const spokenMs = performance.now() - startedMs;
    const muted = framesIn(proxy.fromClient.slice(mark));
    const sentMs = muted.reduce((sum, { pcm }) => sum + pcm.byteLength / 32, 0);
    expect(sentMs).toBeGreaterThan(spokenMs * 0.9);
    expect(muted.every(({ pcm }) => pcm.every((byte) => byte === 0))).toBe(true);
    terminal.mark();
    terminal.send('m');
    await terminal.until(/● listening/);
    const unmuted = proxy.fromClient.length;
    await sound.playIntoMic(question);
    await until('a turn', () => answers() === 1);
    const heard = framesIn(proxy.fromClient.slice(unmuted));
    expect(heard.some(({ pcm }) => pcm.some((byte) => byte !== 0))).toBe(true);
    expect(
      proxy.fromServer.filter(({ message }) => message.serverContent?.inputTranscription),
    ).toHaveLength(1);
    await leaveBy(terminal, 'q');
  });

  it('a terminal that reports no size counts as 80 columns; one of 40 gets lines that fit', async () => {
    const unknown = await open([], { columns: 0, rows: 0 });
    await unknown.until(/● listening +you ▯+ +gemini ▯+ +\? keys +q quit/);
    await leaveBy(unknown, 'q');
    await unknown.close();
    await proxy.close();
    const narrow = await open(['--greet', 'count to twenty'], { columns: 40 });
    await narrow.until(/● speaking.*gemini [▮▯]+/);
    narrow.send('?');
    await narrow.until(/quit; Ctrl\+C and Ctrl\+D too/);
    await leaveBy(narrow, 'q');
    // oxlint-disable-next-line no-control-regex
    const lines = narrow
      .output()
      .replace(/\x1b\[[\d?;]*[a-zA-Z]/g, '\n')
      .split(/[\r\n]+/);
    expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThan(40);
  });

  it('--plain: lines and no escape sequence; what is typed is a message or a command', async () => {
    const terminal = await open(['--plain']);
    await terminal.until(/note: ready; \? shows the keys/);
    terminal.send('what is three times four\n');
    await terminal.until(/gemini: 3 times 4 is 12\./);
    terminal.send('m\n');
    await terminal.until(/note: muted/);
    terminal.send('?\n');
    await terminal.until(/note: microphone +parec/);
    terminal.send('q\n');
    const { code, modes } = await terminal.ended;
    expect(code).toBe(0);
    expect(modes.after).toBe(modes.before);
    expect(terminal.output()).not.toContain('\x1b');
  });

  it('works off a terminal: --json, stdin closed; SIGINT ends it with 0', async () => {
    const child = spawnCli(['talk', '--local', '--json'], { env: sound.environment });
    child.stdin.end();
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    await until('ready', () => stdout.includes('"state":"ready"'));
    await sound.playIntoMic(question);
    await until('a turn', () => stdout.includes('"type":"turn"'));
    const children = below(child.pid ?? 0);
    expect(children.map(({ name }) => name)).toEqual(expect.arrayContaining(['parec', 'pacat']));
    child.kill('SIGINT');
    expect(await ended).toBe(0);
    for (const { pid, name } of children)
      expect([name, await untilGone(pid)]).toEqual([name, true]);
    expect(stderr).toBe('');
    const events = eventsIn(stdout);
    expect(events).toContainEqual(expect.objectContaining({ type: 'model', turn: 1, final: true }));
    const turn = events.find(({ type }) => type === 'turn');
    expect(turn).toMatchObject({ index: 1, latency: { endOfSpeechToAudioMs: expect.any(Number) } });
    expect(events.at(-1)).toMatchObject({ type: 'end', exitCode: 0, turns: 1 });
  });
});
