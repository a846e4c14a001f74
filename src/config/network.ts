/** What the environment says about the way to the service: a proxy, and certificates of one's own. */
import { readFile } from 'node:fs/promises';
import { usageError } from '../errors.ts';
import { isLoopback } from './endpoint.ts';

export type Way = {
  /** `http://user:password@proxy.example:3128`; the password is never to be shown. */
  proxy: URL | undefined;
  /** PEM, beside those that Node brings. Undefined: Node's own do, NODE_EXTRA_CA_CERTS included. */
  certificates: readonly string[] | undefined;
};

/**
 * To the host of `url` (http, https, ws or wss). This machine is reached directly and as it is.
 *
 * @throws GemliveError (usage) for a proxy of a kind that gemlive does not know.
 */
export async function wayTo(url: string): Promise<Way> {
  const { hostname, host, protocol } = new URL(url);
  // What is not encrypted goes to this machine only: there is one kind of proxy, that of https.
  const isEncrypted = protocol === 'https:' || protocol === 'wss:';
  const proxy = isLoopback(hostname) ? undefined : await proxyFor(host);
  return { proxy, certificates: isEncrypted ? await certificates() : undefined };
}

async function proxyFor(host: string): Promise<URL | undefined> {
  const { https_proxy: lower, HTTPS_PROXY: upper, all_proxy: all, ALL_PROXY: every } = process.env;
  const text = [lower, upper, all, every].find((value) => value !== undefined && value !== '');
  if (text === undefined) return undefined;
  const { getProxyForUrl } = await import('proxy-from-env');
  if (getProxyForUrl(`https://${host}`) === '') return undefined;
  // As curl has it: the scheme may be left out.
  const full = text.includes('://') ? text : `http://${text}`;
  const proxy = URL.canParse(full) ? new URL(full) : undefined;
  if (proxy?.hostname && ['http:', 'https:'].includes(proxy.protocol)) return proxy;
  // Not repeated: a password may stand in it.
  throw usageError(
    'HTTPS_PROXY (or ALL_PROXY) is not the address of a proxy that gemlive can use',
    'it takes http://proxy.example:3128 or https://…; NO_PROXY names the hosts that are reached directly',
  );
}

/**
 * OpenSSL's own variable, which Node leaves unread. As there, a file that cannot be read is none. Those that Node
 * has from NODE_EXTRA_CA_CERTS go with it: they count only where no others are named.
 */
async function certificates(): Promise<string[] | undefined> {
  const { SSL_CERT_FILE: own = '', NODE_EXTRA_CA_CERTS: extra = '' } = process.env;
  const read = async (path: string): Promise<string> =>
    path === '' ? '' : readFile(path, 'utf8').catch(() => '');
  const found = await read(own);
  return found === '' ? undefined : [found, await read(extra)];
}
