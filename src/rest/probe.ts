/**
 * The way to a host, step by step: its name, its port, the proxy on the way, TLS. Nothing is sent but what
 * these take; in particular no credential.
 */
import { lookup } from 'node:dns/promises';
import type { LookupAddress } from 'node:dns';
import { connect as connectSocket, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, rootCertificates, type PeerCertificate } from 'node:tls';
import { EXIT } from '../errors.ts';
import { ConnectionError, socketError } from '../live/networkErrors.ts';
import { askProxy, type TunnelOptions } from './tunnel.ts';

/** How far it went, and how long each step took. */
export type ProbeSteps = {
  /** `name:port` of who was connected to: the host, or the proxy. */
  peer?: string;
  dnsMs?: number;
  tcpMs?: number;
  /** Until the proxy had agreed, its own TCP included. */
  proxyMs?: number;
  tlsMs?: number;
  /** Who has signed the certificate, whether that is trusted or not. */
  issuer?: string;
};

export type ProbeResult = { steps: ProbeSteps; error?: ConnectionError };

const DAMAGED = /wrong version number|packet length|http request|unexpected eof|record layer/i;

/** Never throws, but for the signal's reason. */
export async function probeWay(
  url: URL,
  way: TunnelOptions,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<ProbeResult> {
  const steps: ProbeSteps = {};
  const late = AbortSignal.timeout(timeoutMs);
  const stop = AbortSignal.any([signal, late]);
  const sockets: Socket[] = [];
  try {
    await unlessStopped(walk(url, way, steps, sockets), stop);
    return { steps };
  } catch (error) {
    signal.throwIfAborted();
    if (late.aborted) return { steps, error: silent(url.host, steps, timeoutMs) };
    const known =
      error instanceof ConnectionError
        ? error
        : socketError(error as Error, steps.peer ?? url.host);
    return { steps, error: known };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

async function walk(
  url: URL,
  way: TunnelOptions,
  steps: ProbeSteps,
  sockets: Socket[],
): Promise<void> {
  const { proxy } = way;
  const next = proxy ?? url;
  const host = bare(next.hostname);
  const port = portOf(next);
  steps.peer = next.host;
  let known: LookupAddress[] | undefined;
  if (isIP(host) === 0) {
    const startMs = performance.now();
    known = await lookup(host, { all: true });
    steps.dnsMs = since(startMs);
  }
  const startMs = performance.now();
  const first = connectSocket({ host, port, ...(known && { lookup: knowing(known) }) });
  sockets.push(first);
  await opened(first, 'connect');
  steps.tcpMs = since(startMs);
  if (proxy === undefined) {
    if (url.protocol !== 'https:') return;
    await encrypt(url, way, steps, sockets);
    return;
  }
  const target = { host: bare(url.hostname), port: portOf(url) };
  const askedMs = performance.now();
  const tunnel = await askProxy(proxy, target, authorities(way));
  sockets.push(tunnel);
  steps.proxyMs = since(askedMs);
  steps.peer = url.host;
  await encrypt(url, way, steps, sockets);
}

/**
 * TLS over the last of `sockets`.
 *
 * @throws ConnectionError of a proxy that answers itself; the error of a certificate that is not trusted.
 */
async function encrypt(
  url: URL,
  way: TunnelOptions,
  steps: ProbeSteps,
  sockets: Socket[],
): Promise<void> {
  const socket = sockets.at(-1);
  if (socket === undefined) return;
  const host = bare(url.hostname);
  const servername = isIP(host) === 0 ? host : '';
  const startMs = performance.now();
  // Looked at before it is trusted: nothing is sent to whom is not.
  const secure = connectTls({
    socket,
    host,
    servername,
    rejectUnauthorized: false,
    ...authorities(way),
  });
  // In its place: it destroys what it is laid over, and must be the first to go.
  sockets[sockets.length - 1] = secure;
  try {
    await opened(secure, 'secureConnect');
  } catch (error) {
    const { message } = error as Error;
    if (way.proxy && DAMAGED.test(message)) throw answersItself(way.proxy.host, url.host);
    throw error;
  }
  steps.tlsMs = since(startMs);
  const certificate = secure.getPeerCertificate();
  steps.issuer = issuerOf(certificate);
  if (secure.authorized) return;
  const reason: unknown = secure.authorizationError;
  const code = typeof reason === 'string' ? reason : (reason as { code?: string } | null)?.code;
  const error = Object.assign(new Error(code ?? 'untrusted'), { code: code ?? 'CERT_UNTRUSTED' });
  throw socketError(error, url.host);
}

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');
const portOf = ({ port, protocol }: URL): number =>
  port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port);
const since = (startMs: number): number => Math.round(performance.now() - startMs);
const authorities = ({ certificates }: TunnelOptions): { ca?: string[] } =>
  certificates === undefined ? {} : { ca: [...rootCertificates, ...certificates] };

/** In the place of a second look-up, which would count as a part of the connection. */
const knowing =
  (known: LookupAddress[]): LookupFunction =>
  (_host, { all }, answer) => {
    const [{ address, family } = { address: '', family: 0 }] = known;
    if (all) answer(null, known);
    else answer(null, address, family);
  };

function opened(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, () => resolve());
    socket.on('error', reject);
    socket.once('close', () => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
  });
}

function unlessStopped<T>(work: Promise<T>, stop: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(stop.reason as Error);
    if (stop.aborted) onAbort();
    stop.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject);
  });
}

/** `GTS Root R1, Google Trust Services LLC`. */
function issuerOf({ issuer }: PeerCertificate): string {
  // Typed as always there, and absent where there is no certificate.
  const { CN, O } = (issuer as Partial<PeerCertificate['issuer']> | undefined) ?? {};
  return [CN, O].flat().filter(Boolean).join(', ').slice(0, 200);
}

function silent(host: string, steps: ProbeSteps, timeoutMs: number): ConnectionError {
  const seconds = Math.round(timeoutMs / 100) / 10;
  const { peer = host } = steps;
  const what =
    steps.tcpMs === undefined
      ? steps.dnsMs === undefined
        ? `the name ${peer} was not looked up within ${seconds} s`
        : `no connection to ${peer} within ${seconds} s`
      : `${peer} took the connection, and said nothing for ${seconds} s`;
  return new ConnectionError(what, 'server', {
    code: 'timeout',
    exitCode: EXIT.network,
    why: 'the network is slow, or a firewall on the way swallows what is sent',
    hint: 'try again, or allow more time with --timeout SECONDS',
  });
}

function answersItself(proxy: string, host: string): ConnectionError {
  return new ConnectionError(
    `the proxy ${proxy} answers in the place of ${host}, and not with TLS`,
    'refusal',
    {
      code: 'unreachable',
      exitCode: EXIT.network,
      why: 'it shows a page of its own: a login, perhaps, or a notice that it does not let this through',
      hint: 'open a web page in a browser and log in there, or check HTTPS_PROXY',
    },
  );
}
