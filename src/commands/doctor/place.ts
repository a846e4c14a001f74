/** What is asked, where, and with which credential: settled before anything is. */
import { toEndpoint } from '../../config/endpoint.ts';
import { describeSource } from '../../config/settings.ts';
import { GemliveError } from '../../errors.ts';
import { masked } from '../../ui/harmless.ts';
import type { CommandContext } from '../context.ts';
import { failed, type Check } from './check.ts';
import { fixesFor } from './fixes.ts';
import type { System } from './system.ts';

export type Plan = {
  /** The host that is asked; undefined: none is, and `key` says why. */
  url?: URL;
  /** Of the credential. Undefined: none is needed. */
  key?: Check;
  /** What is done there: told before it is. */
  asks: string[];
  /** The models can be listed with this credential. */
  lists: boolean;
  /** A session may be opened: it costs nothing but the setup. */
  opens: boolean;
};

/** What a key that was never filled in looks like. */
const PLACEHOLDER = /^(your|my|api|key|paste|insert|changeme|todo|x{3,}|<|\$|\{)/i;
const SHORTEST_KEY = 20;

/** Pure, and nothing is sent. */
export function planOf({ settings, resolved }: CommandContext, system: System): Plan {
  const { credential } = resolved;
  const none: Plan = { asks: [], lists: false, opens: false };
  if (settings.local) return { ...none, opens: true, lists: true };
  let url: URL;
  try {
    url = new URL(toEndpoint(settings, credential).url.replace(/^ws/, 'http'));
  } catch (error) {
    if (!(error instanceof GemliveError)) throw error;
    const isKey = error.code === 'no_key' && !settings.vertex;
    const key = failed('key', error, isKey ? fixesFor('noKey', system) : []);
    const open = openUrl(settings);
    return { ...none, key, ...(open && { url: open, asks: [`connects to ${open.host}`] }) };
  }
  const { kind, source } = credential;
  const connects = `connects to ${url.host}`;
  const listing = 'asks it for its models';
  const opening = 'opens a session there';
  if (kind === 'none') return { url, asks: [connects, listing, opening], lists: true, opens: true };
  const from = source === undefined ? '' : describeSource(source);
  if (kind === 'google') {
    const summary = `Google login, for the project of ${from}`;
    const key: Check = { name: 'key', status: 'ok', summary, facts: { kind, source } };
    const asks = [connects, `${opening}, with your Google login`];
    return { url, key, asks, lists: false, opens: true };
  }
  const secret = kind === 'token' ? credential.token : credential.apiKey;
  const facts = { kind, source, shown: masked(secret) };
  const shown = `${kind === 'token' ? 'ephemeral token' : 'API key'} ${masked(secret)}, ${from}`;
  const isOdd = kind === 'key' && (secret.length < SHORTEST_KEY || PLACEHOLDER.test(secret));
  const key: Check = {
    name: 'key',
    status: isOdd ? 'warn' : 'ok',
    summary: isOdd ? `${shown}: it does not look like one` : shown,
    facts,
    ...(isOdd && { fix: fixesFor('noKey', system) }),
  };
  if (kind === 'token') return { url, key, asks: [connects], lists: false, opens: false };
  const asks = [
    ...(settings.vertex ? [] : [`${listing}, with your key`]),
    `${opening}, with your key`,
  ];
  return { url, key, asks: [connects, ...asks], lists: !settings.vertex, opens: true };
}

/** The way there can be looked at without a credential. */
function openUrl(settings: CommandContext['settings']): URL | undefined {
  try {
    return new URL(toEndpoint(settings, { kind: 'google' }).url.replace(/^ws/, 'http'));
  } catch {
    return undefined;
  }
}
