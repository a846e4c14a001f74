/**
 * Watches a client from outside its process' own words: a proxy on the wire keeps what each test really sent
 * and received, and what `proven.ts` says a test proves must have been among it.
 */
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { startLiveServer, type LiveServerOptions } from '../../src/server/server.ts';
import { startRecordingProxy, type RecordingProxy } from '../support/recordingProxy.ts';
import { fieldsIn } from './fieldPaths.ts';
import { PROVEN, type Client } from './proven.ts';

export type Watched = { readonly url: string; readonly serverUrl: string };

/** A server for the tests of one file, which run one after the other. */
export function watchedServer(
  client: Client,
  file: string,
  options: LiveServerOptions = {},
): Watched {
  let server: { url: string; close(): Promise<void> } | undefined;
  let proxy: RecordingProxy | undefined;
  const seen = new Map<string, Set<string>>();
  beforeAll(async () => {
    server = await startLiveServer(options);
    proxy = await startRecordingProxy(server.url);
  });
  afterEach(({ task }) => {
    if (!proxy) return;
    const passed = [...proxy.fromClient.splice(0), ...proxy.fromServer.splice(0)];
    if (passed.length === 0) return; // a test of another server
    seen.set(task.name, new Set(passed.flatMap(({ message }) => fieldsIn(message))));
  });
  afterAll(async () => {
    await proxy?.close();
    await server?.close();
    const unseen = PROVEN.filter((proof) => proof.client === client && proof.file === file).flatMap(
      ({ test, fields }) => {
        const among = seen.get(test);
        return among === undefined
          ? []
          : fields.filter((field) => !among.has(field)).map((field) => `${field} in "${test}"`);
      },
    );
    expect(unseen, 'proven.ts claims what never crossed the wire').toEqual([]);
  });
  return {
    get url() {
      return proxy?.url ?? '';
    },
    get serverUrl() {
      return server?.url ?? '';
    },
  };
}
