/** Each failure of the line to a Live server, through the built program: what the user reads, and the exit code. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { CommandName } from '../../src/config/settings.ts';
import { eventsIn, runCli, type CliResult } from '../support/cli.ts';
import { closes } from '../support/failingPlaces.ts';
import { expectHintToBeTrue } from '../support/hints.ts';
import { expectFailure } from '../support/messages.ts';
import { startScriptedServer } from '../support/scriptedServer.ts';
import { CLOSES } from './errors/closes.ts';
import { HANDSHAKES } from './errors/handshakes.ts';
import { NETWORK } from './errors/network.ts';
import { KEY, type ErrorRow } from './errors/row.ts';

const folder = mkdtempSync(join(tmpdir(), 'gemlive-errors-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const recording = join(folder, 'second.pcm');
writeFileSync(recording, Buffer.alloc(32_000));

const COMMANDS: Record<'chat' | 'talk' | 'file', readonly string[]> = {
  chat: ['chat', 'hi'],
  talk: ['talk', '--no-mic', '--no-speaker', '--no-resume', '--greet', 'hi'],
  file: ['file', recording, '--fast'],
};

const rows = [...CLOSES, ...HANDSHAKES, ...NETWORK];
/** One row of each code, through the other commands too. */
const some = [...new Map(rows.map((row) => [row.code, row])).values()];

function checkWords({ stderr }: CliResult, row: ErrorRow, command: CommandName): void {
  const lines = stderr.replace(/^debug: .*\n/gm, '');
  expectFailure({ code: row.exit, stderr: lines }, row.exit, row.says);
  // Nothing before the error: no warning, no status.
  expect(lines).toMatch(/^error: [^\n]+\n {2}why: [^\n]+\n {2}try: [^\n]+\n$/);
  const [what = ''] = lines.split('\n');
  if (row.words !== undefined) expect(what).toContain(row.words);
  expectHintToBeTrue(lines.slice(lines.indexOf('  try: ')), command);
  expect(lines).not.toMatch(/<html|squid|Sorry/);
}

const expectNoKey = ({ stdout, stderr }: CliResult): void => {
  for (const text of [stdout, stderr]) expect(text).not.toContain(KEY.slice(6, -4));
};

async function fail(row: ErrorRow, args: readonly string[]) {
  const at = await row.at();
  try {
    const result = await runCli(
      [...args, '--base-url', at.url, '--timeout', row.code === 'timeout' ? '2' : '15'],
      {
        env: { GEMINI_API_KEY: KEY, ...at.env, ...row.env },
        ...(row.nodeArgs && { nodeArgs: row.nodeArgs }),
      },
    );
    return { result, tries: at.count };
  } finally {
    await at.close();
  }
}

describe('gemlive chat', () => {
  it.concurrent.each(rows)('$name → exit $exit', async (row) => {
    const { result, tries } = await fail(row, [...COMMANDS.chat, '--json', '--debug']);
    checkWords(result, row, 'chat');
    expect(result.code).toBe(row.exit);
    expectNoKey(result);
    if (tries !== undefined) expect(tries).toBe(row.tries ?? 1);
    const events = eventsIn(result.stdout);
    expect(events.at(-1)).toMatchObject({ type: 'end', exitCode: row.exit });
    const error = events.at(-2);
    expect(error).toMatchObject({ type: 'error', code: row.code, exitCode: row.exit });
    const human = result.stderr.replace(/^debug: .*\n/gm, '').split('\n');
    expect(human[0]).toBe(`error: ${String(error?.['message'])}`);
    expect(human[2]).toBe(`  try: ${String(error?.['hint'])}`);
  });
});

describe.each(['chat', 'talk', 'file'] as const)('gemlive %s, without --json', (command) => {
  it.concurrent.each(some)('$name → exit $exit', async (row) => {
    const { result } = await fail(row, COMMANDS[command]);
    checkWords(
      { ...result, stderr: result.stderr.replace(/^error: \S+second\.pcm: /, 'error: ') },
      row,
      command,
    );
    expect([result.code, result.stdout]).toEqual([row.exit, '']);
    expectNoKey(result);
  });
});

describe('a quota that ends a session with --search', () => {
  const WORDS =
    'You exceeded your current quota, please check your plan and billing details. For more information on';

  it.concurrent.each([
    ['chat', ['chat', 'hi', '--search']],
    ['talk', [...COMMANDS.talk, '--search']],
    ['file', ['file', recording, recording, '--fast', '--search']],
  ] as const)('%s: the hint is to leave --search out', async (command, args) => {
    const at = await closes(1011, WORDS)();
    const { code, stderr } = await runCli([...args, '--base-url', at.url], {
      env: { GEMINI_API_KEY: KEY },
    });
    await at.close();
    expect(code).toBe(7);
    const inputs = command === 'file' ? 2 : 1;
    const hint = / {2}why: web search has a quota of its own.*\n {2}try: leave --search out; /g;
    expect(stderr.match(hint)).toHaveLength(inputs);
  });
});

describe('in the middle of a session', () => {
  const MIDDLE: [number, string, ErrorRow['exit'], string][] = [
    [1011, 'Internal error encountered.', 5, 'connection_lost'],
    [1008, 'The operation was aborted.', 5, 'connection_lost'],
    [1011, 'You exceeded your current quota, please check your plan.', 7, 'quota'],
    [1007, 'Request contains an invalid argument.', 6, 'bad_argument'],
    [1011, 'auth token has expired', 3, 'bad_key'],
    [1000, '', 6, 'server_closed'],
    [1006, '', 5, 'connection_lost'],
  ];
  it.concurrent.each(MIDDLE)('%d %s → exit %d', async (code, words, exit, event) => {
    const at = closes(code, words, 'middle');
    const row: ErrorRow = { name: '', at, exit, code: event, words, says: /error/ };
    const { result, tries } = await fail(row, [...COMMANDS.chat, '--json']);
    checkWords(result, row, 'chat');
    expect([result.code, tries]).toEqual([exit, 1]);
    expect(eventsIn(result.stdout).slice(-3)).toMatchObject([
      { type: 'session', state: 'closed' },
      { type: 'error', code: event, exitCode: exit },
      { type: 'end', exitCode: exit },
    ]);
  });
});

it('what the server says cannot move the cursor or forge a line', async () => {
  const server = await closes(1008, 'bad\u001b[2J\u001b]0;owned\u0007\nerror: forged')();
  const { stderr } = await runCli(['chat', 'hi', '--base-url', server.url]);
  expect(stderr).not.toMatch(/[\u001b\u0007]/);
  expect(stderr.match(/^error:/gm)).toHaveLength(1);
  await server.close();
});

it('an answer that moves the cursor does not', async () => {
  const server = await startScriptedServer(async (peer) => {
    await peer.next();
    peer.send({ setupComplete: {} });
    await peer.next();
    peer.send({
      serverContent: {
        outputTranscription: { text: 'hello \u001b[31mred\u001b[0m\u0007\r world' },
      },
    });
    peer.send({ serverContent: { turnComplete: true } });
  });
  const { code, stdout } = await runCli(['chat', 'hi', '--base-url', server.url]);
  expect(code).toBe(0);
  expect(stdout).not.toMatch(/[\u001b\u0007\r]/);
  expect(stdout).toContain('hello');
  expect(stdout.endsWith('\n')).toBe(true);
  await server.close();
});
