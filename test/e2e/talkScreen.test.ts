/** What the screen of `talk` looks like, as a terminal shows it: resized, without UTF-8, pasted into, stopped. */
import { afterEach, describe, expect, it } from 'vitest';

import { Screen, textOf } from '../screens/grid.ts';
import { openPty, type Pty, type PtyOptions } from '../support/pty.ts';
import { startScriptedServer, type Peer, type ScriptedServer } from '../support/scriptedServer.ts';
import { until } from '../support/until.ts';

/** A microphone in which nobody speaks. */
const QUIET_ROOM = 'while :; do head -c 640 /dev/zero; sleep 0.02; done';
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
      [
        'talk',
        '--base-url',
        server.url,
        '--no-speaker',
        ...(args.includes(QUIET_ROOM) ? [] : ['--no-mic']),
        ...args,
      ],
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
      for (const deadline = performance.now() + 60_000; ;) {
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
    await shows(/"two"\.\.\.\n\* [a-z]/);
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

  it.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('is left as it was found by %s, also in the middle of typing', async (name, exit) => {
    const { terminal, shows } = await open((peer) => says(peer, 'half a sen'), {
      args: ['--ptt', '--mic-command', QUIET_ROOM],
    });
    await shows(/half a sen\n● /);
    terminal.send('\x1b[?0u\rhalf a mess');
    await shows(/› half a mess/);
    terminal.signal(name);
    const { code, modes } = await terminal.ended;
    expect(code).toBe(exit);
    expect(modes.after).toBe(modes.before);
    const output = terminal.output();
    for (const [on, off] of [
      ['\x1b[?25l', '\x1b[?25h'],
      ['\x1b[?2004h', '\x1b[?2004l'],
      ['\x1b[?7l', '\x1b[?7h'],
      ['\x1b[>27u', '\x1b[<u'],
    ] as const) {
      expect(output).toContain(on);
      expect(output.lastIndexOf(off)).toBeGreaterThan(output.lastIndexOf(on));
    }
    await shows(/half a sen$/);
  });

  it('hears the user by the server’s word, where the local detector hears nothing', async () => {
    const told: Peer[] = [];
    const { shows } = await open(
      (peer) => {
        told.push(peer);
      },
      { args: ['--mic-command', QUIET_ROOM] },
    );
    await shows(/● listening/);
    const [peer] = told;
    peer?.send({ voiceActivity: { type: 'ACTIVITY_START', audioOffset: '0.5s' } });
    await shows(/● hearing you/);
    peer?.send({ voiceActivity: { voiceActivityType: 'ACTIVITY_END', audioOffset: '1.5s' } });
    await shows(/● thinking/);
    peer?.send({ voiceActivity: { type: 'ACTIVITY_START' } });
    await shows(/● hearing you/);
    // An end that does not come is no reason to hear the user over the answer.
    peer?.send({ serverContent: { outputTranscription: { text: 'Well.' } } });
    await shows(/● speaking/);
    peer?.send({ serverContent: { turnComplete: true } });
    await shows(/● listening/);
  });

  it('says that it has paused, once, and goes on with what is typed', async () => {
    const { terminal, shows } = await open(() => {}, {
      args: ['--mic-command', QUIET_ROOM, '--idle-timeout', '1'],
    });
    const text = await shows(/● paused +speak or press a key/);
    expect(text.match(/^· nothing was said for a while/gm)).toHaveLength(1);
    terminal.send('\rgood morning\r');
    await shows(/good morning\n● thinking/);
  });

  describe('push to talk', () => {
    const PTT = ['--ptt', '--mic-command', QUIET_ROOM];
    const SPACE_DOWN = '\x1b[32;;32u';
    const SPACE_HELD = '\x1b[32;1:2;32u';
    const SPACE_UP = '\x1b[32;1:3u';
    /** Longer than a tap. */
    const aWhile = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 500));

    /** Where speech begins and ends, as the server is told. */
    const openPtt = async (options: { args?: string[] } = {}) => {
      const told: string[] = [];
      const opened = await open(
        async (peer) => {
          for (;;) {
            const { realtimeInput = {} } = (await peer.next()) as { realtimeInput?: object };
            told.push(...Object.keys(realtimeInput).filter((name) => name.startsWith('activity')));
          }
        },
        { args: [...PTT, ...(options.args ?? [])] },
      );
      const tells = (...marks: string[]): Promise<void> =>
        until(marks.join(), () => told.join() === marks.join());
      return { ...opened, tells };
    };

    it('by taps, where nobody tells when a key is let go', async () => {
      const { terminal, shows, tells } = await openPtt();
      await shows(/● press Space +you \(off\)/);
      terminal.send(' ');
      await shows(/● listening +you ▯/);
      await tells('activityStart');
      await aWhile();
      terminal.send(' ');
      await shows(/● thinking +you \(off\)/);
      await tells('activityStart', 'activityEnd');
      terminal.send('?');
      await shows(/Space {2}talk, and once more when you are done/);
      terminal.send('\ra b c');
      await shows(/› a b c/);
      await tells('activityStart', 'activityEnd');
    });

    it('held or tapped, in a terminal with the kitty protocol, which it has back at the end', async () => {
      const { terminal, shows, tells } = await openPtt();
      await shows(/● press Space/);
      expect(terminal.output()).toContain('\x1b[?u');
      terminal.send('\x1b[?0u');
      await until('all keys are reported', () => terminal.output().includes('\x1b[>27u'));
      terminal.send('\x1b[47;2;63u');
      await shows(/Space {2}hold to talk, or tap/);
      terminal.send(SPACE_DOWN);
      await shows(/● listening/);
      await aWhile();
      terminal.send(SPACE_HELD + SPACE_HELD + SPACE_UP);
      await shows(/● thinking/);
      await tells('activityStart', 'activityEnd');
      terminal.send(SPACE_DOWN + SPACE_UP);
      await shows(/● listening/);
      await aWhile();
      terminal.send(SPACE_DOWN + SPACE_UP);
      await tells('activityStart', 'activityEnd', 'activityStart', 'activityEnd');
      // A line is typed as ever: the terminal sends text as text meanwhile.
      terminal.send('\x1b[13u\x1b[13;1:3u');
      await until('text comes as text', () => terminal.output().includes('\x1b[=1;1u'));
      terminal.send('a b');
      await shows(/› a b/);
      terminal.send('\x1b[27u');
      await until('keys are reported again', () => terminal.output().includes('\x1b[=27;1u'));
      terminal.send('\x1b[99;5u');
      expect((await terminal.ended).code).toBe(0);
      expect(terminal.output()).toMatch(/\x1b\[<u\x1b\[\?2004l/);
    });

    it('line by line with --plain: a blank and Enter', async () => {
      const { terminal, tells } = await openPtt({ args: ['--plain'] });
      await terminal.until(/note: ready/);
      terminal.send(' \n');
      await terminal.until(/note: listening/);
      terminal.send(' \n');
      await terminal.until(/note: sent/);
      await tells('activityStart', 'activityEnd');
      terminal.send('q\n');
      expect((await terminal.ended).code).toBe(0);
      expect(terminal.output()).not.toContain('\x1b');
    });
  });
});
