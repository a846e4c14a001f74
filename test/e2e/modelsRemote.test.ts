/** The models that the API has, beside those that the table knows. */
import { describe, expect, it } from 'vitest';

import { eventsIn, runCli } from '../support/cli.ts';
import { startHttpServer } from '../support/httpServer.ts';

const KEY = 'AIzaSyRemoteRemoteRemoteRemoteRemote123';
const env = { GEMINI_API_KEY: KEY };
const live = ['bidiGenerateContent'];

describe('gemlive models --remote', () => {
  it('asks the local server as well as any other', async () => {
    const { code, stdout, stderr } = await runCli(['models', '--remote', '--local']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^gemini-3\.8-live \(default\)\n {2}current/);
    expect(stdout).not.toMatch(/flash-latest|flash-live-001/);
  });

  it('reads every page, shows the key in the header only, and tells what the table does not know', async () => {
    const asked: string[] = [];
    const server = await startHttpServer((request, response) => {
      asked.push(`${request.url} ${request.headers['x-goog-api-key'] as string}`);
      const page = request.url?.includes('pageToken=two%20%26')
        ? { models: [{ name: 'models/gemini-3.8-live', supportedGenerationMethods: live }] }
        : {
            models: [
              { name: 'models/gemini-pro-latest', supportedGenerationMethods: ['generateContent'] },
              {
                name: 'models/gemini-9-live',
                displayName: 'Gemini 9\u001b[31m Live',
                inputTokenLimit: 1000,
                supportedGenerationMethods: live,
              },
            ],
            nextPageToken: 'two &',
          };
      response.end(JSON.stringify(page));
    });
    const args = ['models', '--remote', '--base-url', server.url];
    const { code, stdout } = await runCli(args, { env });
    const events = eventsIn((await runCli([...args, '--json'], { env })).stdout);
    await server.close();
    expect(code).toBe(0);
    expect(asked[0]).toBe(`/v1beta/models?pageSize=1000 ${KEY}`);
    expect(stdout).toMatch(/^gemini-9-live\n {2}new: .*\n {2}Gemini 9.* Live, takes 1000 tokens$/m);
    expect(stdout).toMatch(/^gemini-3\.8-live \(default\)$/m);
    expect(stdout).not.toMatch(/\u001b|pro-latest/);
    expect(events.map(({ id, known }) => [id, known])).toEqual([
      ['gemini-9-live', false],
      ['gemini-3.8-live', true],
    ]);
  });

  it.each([
    [400, 'API key not valid. Please pass a valid API key.', 3, /does not know this API key/],
    [403, 'Permission denied', 3, /may not do this/],
    [429, 'You exceeded your current quota', 7, /wait a minute/],
    [503, 'The service is currently unavailable.', 5, /try again/],
  ])('says plainly what HTTP %i means', async (status, message, exitCode, words) => {
    const server = await startHttpServer((_request, response) => {
      response.writeHead(status).end(JSON.stringify({ error: { code: status, message } }));
    });
    const args = ['models', '--remote', '--base-url', server.url, '--debug'];
    const { code, stdout, stderr } = await runCli(args, { env });
    await server.close();
    expect([code, stdout]).toEqual([exitCode, '']);
    expect(stderr).toMatch(words);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain(KEY);
  });

  it.each(['[]', '{"models": 3}', 'null'])('does not take %s for a list', async (body) => {
    const server = await startHttpServer((_request, response) => {
      response.end(body);
    });
    const { code, stderr } = await runCli(['models', '--remote', '--base-url', server.url]);
    await server.close();
    expect(code).toBe(6);
    expect(stderr).toMatch(/is no list of models/);
  });

  it('wants a key, and refuses what belongs to it without it', async () => {
    const noKey = await runCli(['models', '--remote']);
    expect(noKey.code).toBe(3);
    const { code, stderr } = await runCli(['models', '--local']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/--local is for asking the API\n {2}try: add --remote/);
  });
});
