/** What the screen of `talk` looks like, as a terminal shows it: resized, without UTF-8, pasted into, stopped. */
import { afterEach, describe, expect, it } from 'vitest';

import { Screen, textOf } from '../screens/grid.ts';
import { openPty, type Pty, type PtyOptions } from '../support/pty.ts';
import { startScriptedServer, type Peer, type ScriptedServer } from '../support/scriptedServer.ts';
import { until } from '../support/until.ts';

const SPEECH = Buffer.alloc(4_800).toString('base64'); // 100 ms
const HOME = process.env['PATH'] ?? '';

describe('the screen of talk', () => {
  let server: ScriptedServer;
  let pty: Pty | undefined;
  let screen: Screen | undefined;

  afterEach(async () => {
    await pty?.close();
    screen?.close();
    await server?.close();
  });

  /** Silence for a microphone, nothing for a loudspeaker: what is looked at is the screen. */
  const open = async (
    script: (peer: Peer) => Promise<void> | void,
    { args = [], ...options }: Partial<PtyOptions> & { args?: string[] } = {},
  ) => {
    server = await startScriptedServer(async (peer) => {
      await peer.next();
      peer.send({ setupComplete: {} });
      await script(peer);
    });
    const { columns = 80, rows = 24 } = options;
    const terminal = openPty(
      ['talk', '--base-url', server.url, '--no-speaker', '--no-mic', ...args],
      {
        ...options,
        environment: { PATH: HOME, GEMINI_API_KEY: 'k'.repeat(12), ...options.environment },
      },
    );
    pty = terminal;
    const shown = new Screen(columns, rows);
    screen = shown;
    let read = 0;
    const look = async (): Promise<string> => {
      const output = terminal.output();
      await shown.write(output.slice(read));
      read = output.length;
      return textOf(shown.grid).trimEnd();
    };
    /** Settles with the screen's text when `pattern` is there; rejects after 15 s. */
    const shows = async (pattern: RegExp): Promise<string> => {
      for (const deadline = performance.now() + 15_000; ;) {
        const text = await look();
        if (pattern.test(text)) return text;
        if (performance.now() > deadline) throw new Error(`no ${String(pattern)} in:\n${text}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const resize = (toColumns: number, toRows: number): void => {
      shown.resize(toColumns, toRows);
      terminal.resize(toColumns, toRows);
    };
    return { terminal, shows, resize };
  };
  const says = (peer: Peer, text: string): void =>
    peer.send({ serverContent: { outputTranscription: { text } } });

  it('writes nothing while nothing changes', async () => {
    const { terminal, shows } = await open(() => {});
    await shows(/● muted/);
    const before = terminal.output().length;
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(terminal.output().slice(before)).toBe('');
  });

  it('what is typed stays whole under words that pour in, wide ones too', async () => {
    const { terminal, shows } = await open(async (peer) => {
      for (let i = 0; i < 300; i++) {
        says(peer, i % 7 ? `word ${i} ` : `日本語 👩‍👩‍👧 ${i} `);
        if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      }
      peer.send({ serverContent: { generationComplete: true } });
    });
    await shows(/word 8/);
    for (const letter of '\rein Übermaß, 日本') {
      terminal.send(letter);
      await new Promise((resolve) => setTimeout(resolve, 7));
    }
    const text = await shows(/word 299[^]*› ein Übermaß, 日本/);
    expect(text.match(/›/g)).toHaveLength(1);
    expect(text.match(/● /g)).toHaveLength(1);
    terminal.send('\x1b');
    await shows(/word 299\s+● /);
  });

  it('a paste of several lines is one message, sent by Enter alone; none of it is a command', async () => {
    const sent: string[] = [];
    const { terminal, shows } = await open(async (peer) => {
      for (;;) sent.push(JSON.stringify(await peer.next()));
    });
    await shows(/● muted/);
    expect(terminal.output()).toContain('\x1b[?2004h');
    terminal.send('\x1b[200~q\rm first\r\nseco');
    terminal.send('nd\x1b[201~');
    await shows(/› q↵m first↵second/);
    terminal.send('\r');
    await until('it is sent', () => sent.length > 0);
    expect(sent.join('')).toContain(JSON.stringify('q\nm first\nsecond'));
    expect(sent).toHaveLength(1);
    terminal.send('q');
    expect((await terminal.ended).code).toBe(0);
    expect(terminal.output()).toContain('\x1b[?2004l');
  });

  it('follows the size of its window: narrower than the words, tiny, and back', async () => {
    const words = Array.from({ length: 30 }, (_none, i) => `word${i}`).join(' ');
    const { terminal, shows, resize } = await open((peer) => says(peer, words));
    await shows(/word29/);
    terminal.send('?\rhalf a message that is longer than a narrow window is wide');
    await shows(/is wide/);
    for (const [columns, rows] of [
      [40, 24],
      [20, 10],
      [100, 30],
      [80, 24],
    ] as const) {
      resize(columns, rows);
      const text = await shows(new RegExp(`(is|narrow window is) wide *\\n● .{0,${columns}}$`));
      expect(text.match(/●/g)).toHaveLength(1);
      expect(text.match(/›/g)).toHaveLength(1);
    }
    const text = await shows(/word0 word1 [^]*word29[^]*quit; Ctrl\+C/);
    expect(text.match(/word15/g)).toHaveLength(1);
    terminal.send('\x03');
    expect((await terminal.ended).code).toBe(0);
  });

  it.each([{ LC_ALL: 'C' }, { TERM: 'linux' }])('is ASCII with %j', async (environment) => {
    const { terminal, shows } = await open(
      (peer) => {
        says(peer, 'one — “two”…');
        peer.send({
          serverContent: {
            modelTurn: {
              parts: [{ inlineData: { mimeType: 'audio/pcm;rate=24000', data: SPEECH } }],
            },
          },
        });
      },
      { environment },
    );
    await shows(/gemini {2}one - "two"\.\.\./);
    terminal.send(`\r${'x'.repeat(200)}\x01`);
    await shows(/> x+\.\.\.\n\* [a-z]/);
    terminal.send('\x1b');
    await shows(/\.\.\.\n\* [a-z]/);
    terminal.send('?q');
    expect((await terminal.ended).code).toBe(0);
    // oxlint-disable-next-line no-control-regex
    expect(terminal.output()).not.toMatch(/[^\x00-\x7f]/);
  });

  it('gives the terminal back while it is stopped, and takes it again', async () => {
    const { terminal, shows } = await open(() => {});
    await shows(/● muted/);
    terminal.mark();
    terminal.signal('SIGTSTP');
    await until(
      'the cursor is there',
      () => terminal.output().lastIndexOf('\x1b[?25h') > terminal.output().lastIndexOf('\x1b[?25l'),
    );
    await until('pastes are not marked', () => terminal.output().endsWith('\x1b[?2004l'));
    terminal.mark();
    terminal.signal('SIGCONT');
    await terminal.until(/● muted/);
    terminal.send('?');
    await shows(/quit; Ctrl\+C[^]*● muted/);
    terminal.send('q');
    const { code, modes } = await terminal.ended;
    expect(code).toBe(0);
    expect(modes.after).toBe(modes.before);
  });
});
