/**
 * Google credentials of one's own: files as gcloud writes them, and Google's token server on this machine. Google's
 * library asks no other than oauth2.googleapis.com, so it is led there by a proxy and a certificate.
 */
import { generateKeyPairSync, verify } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { certificateFor } from './certificates.ts';
import { startConnectProxy, startTlsFront } from './connectProxy.ts';
import { bodyOf, startHttpServer } from './httpServer.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const TOKEN_HOST = 'oauth2.googleapis.com';

const ACCOUNT = {
  type: 'service_account',
  project_id: 'my-project',
  private_key_id: '1234',
  private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  client_email: 'robot@my-project.iam.gserviceaccount.com',
  client_id: '5678',
};

const USER = {
  type: 'authorized_user',
  client_id: 'client.apps.googleusercontent.com',
  client_secret: 'the-secret-of-the-client',
  refresh_token: '1//the-refresh-token-of-the-user',
  quota_project_id: 'quota-project',
};

export type GoogleStage = {
  /** Everything that gemlive needs to find them. */
  env: Record<string, string>;
  /** Paths. */
  account: string;
  user: string;
  /** What the token server was asked. */
  grants: URLSearchParams[];
  /** What went through the proxy: `host:port`. */
  asked: string[];
  close(): Promise<void>;
};

export type StageOptions = {
  /** What the token server gives, one after the other and the last for ever; a number is an HTTP status. */
  tokens: (string | number)[];
  /** How long they are good for. */
  seconds?: number;
  /** Other hosts: name → the URL of a plain server on this machine. */
  hosts?: Record<string, string>;
  /** `user:password` of the proxy. */
  login?: string;
};

export async function startGoogleStage(
  folder: string,
  { tokens, seconds = 3600, hosts = {}, login }: StageOptions,
): Promise<GoogleStage> {
  const grants: URLSearchParams[] = [];
  const server = await startHttpServer(async (request, response) => {
    grants.push(new URLSearchParams(await bodyOf(request)));
    const token = tokens[Math.min(grants.length, tokens.length) - 1];
    const isRefused = typeof token === 'number';
    const body = isRefused
      ? { error: 'invalid_grant', error_description: 'Token has been revoked.' }
      : { access_token: token, expires_in: seconds, token_type: 'Bearer' };
    response.writeHead(isRefused ? token : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  });
  const routes: Record<string, number> = {};
  const closing = [() => server.close()];
  const certificates: string[] = [];
  for (const [host, url] of Object.entries({ ...hosts, [TOKEN_HOST]: server.url })) {
    const certificate = certificateFor(host);
    const front = await startTlsFront(url, certificate);
    closing.push(() => front.close());
    certificates.push(certificate.cert);
    routes[`${host}:443`] = front.port;
  }
  const proxy = await startConnectProxy({ routes, ...(login !== undefined && { login }) });
  closing.push(() => proxy.close());
  const [ca, account, user] = ['ca.pem', 'account.json', 'user.json'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  writeFileSync(ca, certificates.join(''));
  writeFileSync(account, JSON.stringify(ACCOUNT));
  writeFileSync(user, JSON.stringify(USER));
  const from = login === undefined ? '' : `${login.split(':').map(encodeURIComponent).join(':')}@`;
  return {
    env: { HTTPS_PROXY: `http://${from}${proxy.host}`, NODE_EXTRA_CA_CERTS: ca },
    account,
    user,
    grants,
    asked: proxy.asked,
    close: async () => {
      for (const close of closing.reverse()) await close();
    },
  };
}

/** What a service account has signed. @throws Error when the signature is not its own. */
export function claimsIn(grant: URLSearchParams | undefined): Record<string, unknown> {
  const [head, body, signature] = (grant?.get('assertion') ?? '').split('.');
  const signed = Buffer.from(`${head}.${body}`);
  if (!verify('sha256', signed, publicKey, Buffer.from(signature ?? '', 'base64url')))
    throw new Error('not signed by the service account');
  return JSON.parse(Buffer.from(body ?? '', 'base64url').toString()) as Record<string, unknown>;
}
