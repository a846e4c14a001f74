import { describe, expect, it } from 'vitest';
import {
  modelName,
  modelPath,
  toEndpoint,
  toRestEndpoint,
  type Endpoint,
} from '../../src/config/endpoint.ts';
import { thrownBy } from './support.ts';

const METHOD = 'GenerativeService.BidiGenerateContent';
const PATH = `/ws/google.ai.generativelanguage.v1beta.${METHOD}`;

const endpoint = (baseUrl: string | undefined, apiKey: string | undefined = 'the-key'): Endpoint =>
  toEndpoint({ baseUrl, apiVersion: 'v1beta' }, { apiKey });

describe('toEndpoint', () => {
  it('is the Gemini API, with the key in a header and nowhere else', () => {
    const { url, headers } = endpoint(undefined);
    expect(url).toBe(`wss://generativelanguage.googleapis.com${PATH}`);
    expect(headers).toEqual({ 'x-goog-api-key': 'the-key' });
  });

  it.each(['v1', 'v1beta', 'v1alpha'] as const)('speaks version %s', (apiVersion) => {
    const { url } = toEndpoint({ baseUrl: undefined, apiVersion }, { apiKey: 'k' });
    expect(url).toContain(`/ws/google.ai.generativelanguage.${apiVersion}.${METHOD}`);
  });

  it.each([
    ['https://proxy.example', `wss://proxy.example${PATH}`],
    ['wss://proxy.example/', `wss://proxy.example${PATH}`],
    ['https://proxy.example:8443/gemini//', `wss://proxy.example:8443/gemini${PATH}`],
    ['http://127.0.0.1:8787', `ws://127.0.0.1:8787${PATH}`],
    ['ws://localhost:8787', `ws://localhost:8787${PATH}`],
    ['http://LOCALHOST.:1', `ws://localhost.:1${PATH}`],
    ['http://api.localhost', `ws://api.localhost${PATH}`],
    ['http://127.1', `ws://127.0.0.1${PATH}`],
    ['http://[::1]:9', `ws://[::1]:9${PATH}`],
  ])('%s', (baseUrl, url) => {
    expect(endpoint(baseUrl).url).toBe(url);
  });

  it('needs no key on this machine', () => {
    expect(toEndpoint({ baseUrl: 'http://127.0.0.1:1', apiVersion: 'v1' }, {}).headers).toEqual({});
  });

  it.each([
    'http://example.com',
    'ws://192.168.0.2:8787',
    'http://0.0.0.0:8787',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
    'http://127.0.0.1@example.com',
    'http://[::ffff:1.2.3.4]',
  ])('%s would show the key to everybody on the way: exit 2', async (baseUrl) => {
    expect(await thrownBy(() => endpoint(baseUrl))).toMatchObject({ exitCode: 2, code: 'usage' });
  });

  it.each([
    '',
    'example.com',
    'ftp://example.com',
    'file:///etc/passwd',
    'https://',
    'javascript:alert(1)',
  ])('%j is no address: exit 2', async (baseUrl) => {
    expect(await thrownBy(() => endpoint(baseUrl))).toMatchObject({ exitCode: 2, code: 'usage' });
  });

  it.each([
    'https://proxy.example/?key=SECRET123',
    'https://me:SECRET123@proxy.example',
    'https://proxy.example/#SECRET123',
  ])('%s is refused without being repeated', async (baseUrl) => {
    const error = await thrownBy(() => endpoint(baseUrl));
    expect(error.exitCode).toBe(2);
    expect(`${error.message}${error.why}${error.hint}`).not.toContain('SECRET123');
  });

  it('without a key is exit 3, and names the ways out', async () => {
    const noKey = (baseUrl: string | undefined) => () =>
      toEndpoint({ baseUrl, apiVersion: 'v1' }, {});
    const error = await thrownBy(noKey(undefined));
    expect(error).toMatchObject({ exitCode: 3, code: 'no_key' });
    expect(error.hint).toMatch(/GEMINI_API_KEY.*https:\/\/\S+.*--local/);
    expect(await thrownBy(noKey('https://proxy.example'))).toMatchObject({ code: 'no_key' });
  });

  it.each(['two words', 'line\nbreak', 'schlüssel', '"quoted"\u200b', 'x\r\nEvil: 1'])(
    'with the key %j is exit 3, before any header is made',
    async (apiKey) => {
      expect(await thrownBy(() => endpoint(undefined, apiKey))).toMatchObject({
        exitCode: 3,
        code: 'bad_key',
      });
    },
  );
});

describe('an ephemeral token', () => {
  const place = { baseUrl: undefined, apiVersion: 'v1beta' } as const;

  it('goes to the door for tokens, in a header', () => {
    const { url, headers } = toEndpoint(place, { token: 'auth_tokens/abc' });
    expect(url).toBe(`wss://generativelanguage.googleapis.com${PATH}Constrained`);
    expect(headers).toEqual({ authorization: 'Token auth_tokens/abc' });
  });

  it('opens nothing over plain HTTP: exit 3', async () => {
    const error = await thrownBy(() => toRestEndpoint(place, { token: 'auth_tokens/abc' }));
    expect(error).toMatchObject({ exitCode: 3, code: 'no_key' });
    expect(error.why).toContain('Live sessions only');
  });

  it.each(['AIzaSy', 'auth_tokens/a b', 'auth_tokens/\r\nEvil: 1', 'auth_tokens/ü'])(
    'like %j is none: exit 3, not repeated',
    async (token) => {
      const error = await thrownBy(() => toEndpoint(place, { token }));
      expect(error).toMatchObject({ exitCode: 3, code: 'bad_key' });
      expect(`${error.message}${error.why}${error.hint}`).not.toContain(token);
    },
  );
});

describe('Vertex AI', () => {
  const vertex = { baseUrl: undefined, apiVersion: 'v1beta1', vertex: true } as const;
  const WS = '/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent';
  const google = { kind: 'google' } as const;

  it.each([
    ['us-central1', 'us-central1-aiplatform.googleapis.com'],
    ['global', 'aiplatform.googleapis.com'],
    ['us', 'aiplatform.us.rep.googleapis.com'],
    ['eu', 'aiplatform.eu.rep.googleapis.com'],
  ])('has its location %s at %s', (location, host) => {
    const place = { ...vertex, project: 'p', location };
    expect(toEndpoint(place, google)).toEqual({ url: `wss://${host}${WS}`, headers: {} });
    const path = `/v1beta1/projects/p/locations/${location}`;
    expect(toRestEndpoint(place, google).url).toBe(`https://${host}${path}`);
  });

  it('in express mode has neither project nor location', () => {
    const { url, headers } = toEndpoint({ ...vertex, location: 'us-east1' }, { apiKey: 'k' });
    expect([url, headers]).toEqual([
      `wss://aiplatform.googleapis.com${WS}`,
      { 'x-goog-api-key': 'k' },
    ]);
    expect(toRestEndpoint(vertex, { apiKey: 'k' }).url).toBe(
      'https://aiplatform.googleapis.com/v1beta1',
    );
  });

  it.each([
    [{}, 'x', 'models/x', 'models/x'],
    [{}, 'models/x', 'models/x', 'models/x'],
    [{}, 'tunedModels/x', 'tunedModels/x', 'tunedModels/x'],
    [{ vertex: true }, 'x', 'publishers/google/models/x', 'publishers/google/models/x'],
    [
      { vertex: true, project: 'p', location: 'eu' },
      'models/x',
      'projects/p/locations/eu/publishers/google/models/x',
      'publishers/google/models/x',
    ],
    [
      { vertex: true, project: 'p', location: 'eu' },
      'projects/q/locations/us/publishers/google/models/x',
      'projects/q/locations/us/publishers/google/models/x',
      'publishers/google/models/x',
    ],
  ])('with %j calls %s %s', (place, model, name, path) => {
    expect([modelName(place, model), modelPath(place, model)]).toEqual([name, path]);
  });
});
