/** An endpoint that is asked for at each connection, since what it has to show is short-lived. */
import { afterEach, describe, expect, it } from 'vitest';
import type { SessionEvent } from '../../src/events.ts';
import type { EndpointSource } from '../../src/live/connection.ts';
import { LiveSession } from '../../src/live/session.ts';
import { profileOf } from '../../src/protocol/models.ts';
import { afterSetup, startScriptedServer } from '../support/scriptedServer.ts';
import { until } from '../support/until.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

function sessionAt(endpoint: EndpointSource, timeoutMs = 5_000) {
  const session = new LiveSession({
    endpoint,
    setup: { model: 'models/gemini-3.8-live', sessionResumption: {} },
    profile: profileOf('gemini-3.8-live'),
    timeoutMs,
    resumes: true,
  });
  open.push(session);
  const events: SessionEvent[] = [];
  session.on((event) => events.push(event));
  return { session, events };
}

describe('an endpoint that is asked for', () => {
  it('gives each connection what it shows, and ends the session when it has nothing more', async () => {
    const shown: unknown[] = [];
    const server = await startScriptedServer(
      afterSetup(async (peer) => {
        shown.push(peer.request.headers.authorization);
        await peer.next(); // it is said again on the next connection
        peer.socket.close(1011, 'Internal error encountered.');
      }),
    );
    open.push(server);
    const bearers = ['Bearer one', 'Bearer two'];
    const { session, events } = sessionAt(async () => {
      const authorization = bearers.shift();
      if (authorization === undefined) throw new Error('the vault is locked');
      return { url: server.wsUrl, headers: { authorization } };
    });
    await session.start();
    session.sendText('hello');
    await until('it has ended', () => events.some(({ type }) => type === 'ended'));
    expect(shown).toEqual(['Bearer one', 'Bearer two']);
    expect(events.at(-1)).toMatchObject({
      type: 'ended',
      error: { exitCode: 3, message: expect.stringContaining('the vault is locked') as string },
    });
  });

  it('is waited for no longer than the session may take to open, nor than it is wanted', async () => {
    const never = (): Promise<never> => new Promise(() => {});
    const { session } = sessionAt(never, 50);
    await expect(session.start()).rejects.toMatchObject({ code: 'timeout', exitCode: 5 });
    const abort = new AbortController();
    const started = sessionAt(never).session.start(abort.signal);
    abort.abort(new Error('enough'));
    await expect(started).rejects.toThrow('enough');
  });
});
