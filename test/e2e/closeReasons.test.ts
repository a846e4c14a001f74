/**
 * Each close reason of the service through the built program. The table is written by hand from the
 * reference of the wire, not from src/.
 */
import { describe, expect, it } from 'vitest';
import { eventsIn, runCli } from '../support/cli.ts';
import { startScriptedServer } from '../support/scriptedServer.ts';

const KEY = 'AIzaSyD-very-secret-key-0123456789abcdef';

/** Code, reason, exit code, and a word that `try:` or `why:` must have. */
const BEFORE_SETUP: [number, string, number, RegExp][] = [
  [1007, 'API key not valid. Please pass a valid API key.', 3, /GEMINI_API_KEY/],
  [1007, 'API key expired. Please renew the API key.', 3, /aistudio\.google\.com\/apikey/],
  [1007, 'Request contains an invalid argument.', 6, /--dry-run/],
  [1007, 'setup must be the first message and only the first', 6, /report/],
  [
    1007,
    'Invalid JSON payload received. Unknown name "foo" at \'setup\': Cannot find field.',
    6,
    /--dry-run/,
  ],
  [1007, 'Cannot extract voices from a non-audio request.', 6, /--text/],
  [
    1007,
    'The requested combination of response modalities (TEXT) is not supported by the model. models/x accepts',
    6,
    /--text/,
  ],
  [1007, 'User location is not supported for the API use.', 6, /available-regions|--local/],
  [1007, 'Precondition check failed.', 6, /--dry-run/],
  [1007, 'thinking_config is not supported by this model', 6, /--thinking/],
  [1007, 'no matching speaker voice', 6, /gemlive voices/],
  [
    1008,
    'models/x is not found for API version v1beta, or is not supported for bidiGenerateContent. Call ListMod',
    6,
    /gemlive models/,
  ],
  [1008, 'Operation is not implemented, or supported, or enabled.', 6, /model/],
  [1008, 'BidiGenerateContent session expired', 6, /new session/],
  [1008, 'Requested entity was not found.', 6, /session|gemlive models/],
  [
    1008,
    "Method doesn't allow unregistered callers (callers without established identity).",
    3,
    /GEMINI_API_KEY/,
  ],
  [1008, 'Your project has been denied access. Please contact support.', 3, /restrictions|project/],
  [1008, 'something nobody has seen before', 6, /gemlive models|--dry-run/],
  [
    1011,
    'You exceeded your current quota, please check your plan and billing details. For more information on',
    7,
    /rate-limits/,
  ],
  [1011, 'RESOURCE_EXHAUSTED', 7, /rate-limits/],
  [1011, 'Token has been used too many times', 3, /token/],
  [1011, 'auth token has expired', 3, /token/],
  [1000, '', 6, /again/],
];

/** Tried again before they are believed, so they take a little longer. */
const SERVER_TROUBLE: [number, string][] = [
  [1001, 'going away'],
  [1008, 'The operation was aborted.'],
  [1011, 'Internal error occurred.'],
  [1011, 'The service is currently unavailable.'],
  [1011, 'Deadline expired before operation could complete.'],
];

function checkMessage(stderr: string, reason: string): void {
  const lines = stderr.trimEnd().split('\n');
  expect(lines.length).toBeLessThanOrEqual(3);
  expect(lines[0]).toMatch(/^error: /);
  expect(lines[0]).toContain(reason);
  expect(lines.at(-1)).toMatch(/^ {2}try: /);
  expect(stderr).not.toContain(KEY);
  expect(stderr).not.toMatch(/\n\s+at /);
}

async function closingServer(code: number, reason: string, when: 'atOnce' | 'afterQuestion') {
  return startScriptedServer(async (peer) => {
    await peer.next();
    if (when === 'afterQuestion') {
      peer.send({ setupComplete: {} });
      await peer.next();
    }
    peer.socket.close(code, reason);
  });
}

describe('a close before setupComplete', () => {
  it.concurrent.each(BEFORE_SETUP)('%d %s → exit %d', async (code, reason, exit, words) => {
    const server = await closingServer(code, reason, 'atOnce');
    const {
      code: got,
      stderr,
      stdout,
    } = await runCli(['chat', 'hi', '--base-url', server.url], {
      env: { GEMINI_API_KEY: KEY },
    });
    expect(got).toBe(exit);
    checkMessage(stderr, reason);
    expect(stderr).toMatch(words);
    expect(stdout).toBe('');
    expect(server.count).toBe(1);
    await server.close();
  });

  it.concurrent.each(SERVER_TROUBLE)('%d %s → tried three times, exit 5', async (code, reason) => {
    const server = await closingServer(code, reason, 'atOnce');
    const { code: got, stderr } = await runCli(['chat', 'hi', '--base-url', server.url], {
      env: { GEMINI_API_KEY: KEY },
    });
    expect(got).toBe(5);
    checkMessage(stderr, reason);
    expect(server.count).toBe(3);
    await server.close();
  });
});

describe('a close in the middle', () => {
  it.concurrent.each([
    [1011, 'Internal error encountered.', 5],
    [1008, 'The operation was aborted.', 5],
    [1011, 'You exceeded your current quota, please check your plan and billing details.', 7],
    [1007, 'Request contains an invalid argument.', 6],
    [1000, '', 6],
  ])('%d %s → exit %d, told in NDJSON too', async (code, reason, exit) => {
    const server = await closingServer(code, reason, 'afterQuestion');
    const result = await runCli(['chat', 'hi', '--json', '--base-url', server.url], {
      env: { GEMINI_API_KEY: KEY },
    });
    expect(result.code).toBe(exit);
    checkMessage(result.stderr, reason);
    const events = eventsIn(result.stdout);
    expect(events.at(-1)).toMatchObject({ type: 'end', exitCode: exit });
    const error = events.find(({ type }) => type === 'error');
    expect(error).toMatchObject({
      exitCode: exit,
      message: expect.stringContaining(reason),
      hint: expect.any(String),
    });
    await server.close();
  });
});

it('what the server says cannot move the cursor or forge a line', async () => {
  const server = await closingServer(
    1008,
    'bad\u001b[2J\u001b]0;owned\u0007\nerror: forged',
    'atOnce',
  );
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
