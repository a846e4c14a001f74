/** Networks that fail under the built program: what the user said is answered, once, and nobody is asked to start again. */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { startLiveServer, type LiveServerOptions } from '../../src/server/server.ts';
import { eventsIn, runCli } from '../support/cli.ts';
import { startFragileProxy, type FragileProxy } from '../support/fragileProxy.ts';
import { openPty } from '../support/pty.ts';
import { until } from '../support/until.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function network(options: LiveServerOptions = {}): Promise<FragileProxy> {
  const live = await startLiveServer({ stt: 'none', tts: 'none', ...options });
  open.push(live);
  const proxy = await startFragileProxy(live.url);
  open.push(proxy);
  return proxy;
}

type Line = Record<string, unknown>;

/** Seconds of speech of each turn, as the server measured them. */
const heard = (lines: readonly Line[]): number[] =>
  lines.flatMap(({ type, text, final }) => {
    const seconds = /\[speech, ([\d.]+) s\]/.exec(String(text))?.[1];
    return type === 'user' && final === true && seconds !== undefined ? [Number(seconds)] : [];
  });

const states = (lines: readonly Line[]): unknown[] =>
  lines.flatMap(({ type, state }) => (type === 'session' ? [state] : []));

describe('file', () => {
  const THREE = join(import.meta.dirname, '../../audio-fixtures/three-questions.wav');

  it(
    'three questions through a network that breaks in each: three turns, each whole',
    { timeout: 120_000 },
    async () => {
      const calm = await network();
      const plain = await runCli(['file', THREE, '--json', '--base-url', calm.url], {
        timeoutMs: 60_000,
      });
      const whole = heard(eventsIn(plain.stdout));
      expect(whole).toHaveLength(3);

      const proxy = await network();
      const run = runCli(['file', THREE, '--json', '--base-url', proxy.url], {
        timeoutMs: 100_000,
      });
      const startMs = performance.now();
      await until('it is connected', () => proxy.count === 1);
      // In speech, in silence, in an answer: whatever it is at that moment.
      for (const atMs of [1300, 3100, 5200, 7400]) {
        await pause(Math.max(0, startMs + atMs - performance.now()));
        proxy.drop();
      }
      const result = await run;
      expect(result.code).toBe(0);
      // Cut in its first answer, a session has no handle yet.
      expect(result.stderr).toMatch(/^(warning: the session could not be taken up again.*\n)*$/);
      const lines = eventsIn(result.stdout);
      const again = heard(lines);
      expect(again).toHaveLength(3);
      again.forEach((seconds, i) => expect(Math.abs(seconds - (whole[i] ?? 0))).toBeLessThan(0.35));
      expect(proxy.count).toBeGreaterThan(2);
      expect(states(lines)).toContain('reconnecting');
    },
  );

  it('is moved before the server cuts it', { timeout: 60_000 }, async () => {
    const proxy = await network({ goAwaySeconds: 3 });
    const { code, stdout } = await runCli(['file', THREE, '--json', '--base-url', proxy.url], {
      timeoutMs: 50_000,
    });
    expect(code).toBe(0);
    expect(heard(eventsIn(stdout))).toHaveLength(3);
    expect(proxy.count).toBeGreaterThan(1);
  });
});

describe('chat', () => {
  it(
    'remembers across a connection that was lost while nobody wrote',
    { timeout: 60_000 },
    async () => {
      const proxy = await network();
      const environment = { PATH: process.env['PATH'] ?? '', LANG: 'C.UTF-8' };
      const pty = openPty(['chat', '--base-url', proxy.url], { environment });
      open.push(pty);
      await pty.until(/> $/);
      pty.send('my name is Ann\r');
      await pty.until(/Nice to meet you, Ann\.\n> $/);
      await pause(1500); // the turn is held until its sound would have ended
      proxy.drop();
      await pty.until(/the connection is gone: reconnecting/);
      await pty.until(/connected again/);
      pty.send('what is my name\r');
      await pty.until(/Your name is Ann\./);
      pty.send('\u0004');
      expect((await pty.ended).code).toBe(0);
    },
  );
});

describe('talk', () => {
  it('moves when it is told to go, and says nothing of it', { timeout: 60_000 }, async () => {
    const proxy = await network({ goAwaySeconds: 1 });
    const talk = ['talk', '--no-mic', '--no-speaker', '--greet', 'say yes', '--json'];
    const { code, stdout } = await runCli([
      ...talk,
      '--max-duration',
      '5',
      '--base-url',
      proxy.url,
    ]);
    const lines = eventsIn(stdout);
    expect(code).toBe(0);
    expect(states(lines).filter((state) => state === 'ready').length).toBeGreaterThan(1);
    expect(states(lines)).not.toContain('reconnecting');
    expect(lines.find(({ type }) => type === 'goaway')).toMatchObject({ timeLeftMs: 500 });
    expect(lines.filter(({ type }) => type === 'warning' || type === 'error')).toEqual([]);
  });
});
