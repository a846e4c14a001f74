/** The way to the service: name, port, proxy and TLS, each by itself, so that the one that fails is named. */
import { networkInterfaces } from 'node:os';
import { isLoopback } from '../../config/endpoint.ts';
import { wayTo, type Way } from '../../config/network.ts';
import { EXIT, GemliveError } from '../../errors.ts';
import type { ConnectionError } from '../../live/networkErrors.ts';
import { probeWay, type ProbeSteps } from '../../rest/probe.ts';
import type { CommandContext } from '../context.ts';
import { failed, type Check, type Fix } from './check.ts';
import { fixesFor } from './fixes.ts';
import type { System } from './system.ts';

/** Google's certificates are signed by Google. */
const GOOGLE_HOST = /(^|\.)googleapis\.com$/;
const GOOGLE_ISSUER = /Google Trust Services/i;

/** @throws what `signal` says. */
export async function checkNetwork(
  context: CommandContext,
  url: URL,
  system: System,
  signal: AbortSignal,
): Promise<Check> {
  let way: Way;
  try {
    way = await wayTo(url.href);
  } catch (error) {
    if (!(error instanceof GemliveError)) throw error;
    return failed('network', error);
  }
  context.addSecret(way.proxy?.password ?? '');
  const timeoutMs = context.settings.timeoutSeconds * 1000;
  const { steps, error } = await probeWay(url, way, { timeoutMs, signal });
  const { proxy } = way;
  const facts = { host: url.host, ...(proxy && { proxy: proxy.host }), ...steps };
  const common = { name: 'network', facts } as const;
  if (error) return { ...common, ...troubleOf(error, { url, way, steps, system }) };
  const told = `${proxy ? `through the proxy ${proxy.host}` : url.host}: ${inWords(steps)}`;
  if (isForeign(url, steps)) {
    return {
      ...common,
      status: 'warn',
      summary: readAlong(url, steps.issuer ?? ''),
      more: [told, 'it can read your key and what you say'],
      fix: [{ words: 'if that is not the proxy of your company, use another network' }],
    };
  }
  return { ...common, status: 'ok', summary: told };
}

function inWords({ dnsMs, tcpMs, proxyMs, tlsMs }: ProbeSteps): string {
  const steps = Object.entries({ DNS: dnsMs, TCP: tcpMs, CONNECT: proxyMs, TLS: tlsMs });
  return steps.flatMap(([name, ms]) => (ms === undefined ? [] : `${name} ${ms} ms`)).join(', ');
}

type Trouble = { url: URL; way: Way; steps: ProbeSteps; system: System };

function troubleOf(error: ConnectionError, trouble: Trouble): Omit<Check, 'name' | 'facts'> {
  const { url, way, steps, system } = trouble;
  const { why, hint } = error;
  const common = { status: 'fail', exitCode: EXIT.network } as const;
  if (!isLoopback((way.proxy ?? url).hostname) && !hasNetwork()) {
    return {
      ...common,
      summary: 'this machine has no network: none of its interfaces is up',
      fix: fixesFor('noNetwork', system),
    };
  }
  const words: Fix[] = hint === undefined ? [] : [{ words: hint }];
  const reasons = why === undefined ? [] : [why];
  const fix = [...remedyFor(error, trouble), ...words];
  const { issuer = '' } = steps;
  if (error.code !== 'tls' || issuer === '')
    return { ...common, summary: error.message, more: reasons, fix };
  if (isForeign(url, steps)) {
    return { ...common, summary: readAlong(url, issuer), more: [error.message, ...reasons], fix };
  }
  const more = [...reasons, `its certificate is by ${issuer}`];
  return { ...common, summary: error.message, more, fix };
}

/** Somebody else than Google has signed a certificate of Google's. */
const isForeign = ({ hostname }: URL, { issuer = '' }: ProbeSteps): boolean =>
  GOOGLE_HOST.test(hostname) && !GOOGLE_ISSUER.test(issuer);

const readAlong = ({ hostname }: URL, issuer: string): string =>
  `somebody on the way opens what is encrypted: the certificate of ${hostname} is by ${issuer}`;

function remedyFor(error: ConnectionError, { way, steps, system }: Trouble): readonly Fix[] {
  const { message } = error;
  if (/certificate (has expired|is not valid yet)/.test(message))
    return fixesFor('wrongClock', system);
  if (/is not trusted/.test(message)) return fixesFor('unknownAuthority', system);
  const { proxy } = way;
  if (proxy && / 407\)/.test(message)) {
    return [{ run: `export HTTPS_PROXY=${proxy.protocol}//USER:PASSWORD@${proxy.host}` }];
  }
  // Google is there: it is this machine that does not get to it.
  const isGoogle = GOOGLE_HOST.test(steps.peer ?? '');
  if (/no way to/.test(message) && isGoogle) return fixesFor('noNetwork', system);
  const isNameServer = /\(EAI_AGAIN\)/.test(message) || isGoogle;
  if (/could not be looked up/.test(message) && isNameServer)
    return fixesFor('noNameServer', system);
  return [];
}

/** Beside the one that leads back to this machine. Where nobody may ask, there may be one. */
function hasNetwork(): boolean {
  try {
    return Object.values(networkInterfaces()).some((addresses) =>
      addresses?.some(({ internal, address }) => !internal && !address.startsWith('fe80:')),
    );
  } catch {
    return true;
  }
}
