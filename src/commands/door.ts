/** The door of the service that the settings name: where, with which credential, and on which way. */
import { globalAgent as plainAgent } from 'node:http';
import { globalAgent, type Agent } from 'node:https';
import { isLoopback, toEndpoint, toRestEndpoint } from '../config/endpoint.ts';
import { wayTo } from '../config/network.ts';
import type { EndpointSource } from '../live/connection.ts';
import { ConnectionError } from '../live/networkErrors.ts';
import type { RestEndpoint } from '../rest/client.ts';
import type { CommandContext } from './context.ts';

export type Door = {
  /** Of Live sessions: it tells doors apart, and has no credential in it. */
  url: string;
  endpoint: EndpointSource;
  /** The same place over plain HTTP. @throws GemliveError */
  restEndpoint(): Promise<RestEndpoint>;
};

/** @throws GemliveError: exit 2 for an address that is none, 3 without a credential. */
export function openDoor(context: CommandContext): Door {
  const { settings, resolved } = context;
  const { credential } = resolved;
  const live = toEndpoint(settings, credential);
  const login = credential.kind === 'google' ? googleLogin(context) : undefined;
  const complete = async ({ url, headers }: RestEndpoint): Promise<RestEndpoint> => {
    const agent = await agentTo(url, context);
    const shown = login ? { ...headers, ...(await login(url)) } : headers;
    return agent ? { url, headers: shown, agent } : { url, headers: shown };
  };
  return {
    url: live.url,
    endpoint: () => complete(live),
    restEndpoint: async () => complete(toRestEndpoint(settings, credential)),
  };
}

/** Undefined: the default one. Nothing is loaded where nothing stands between. */
async function agentTo(url: string, context: CommandContext): Promise<Agent | undefined> {
  const way = await wayTo(url);
  if (!way.proxy && way.certificates === undefined) return undefined;
  context.addSecret(way.proxy?.password ?? '');
  const { agentThrough } = await import('../rest/tunnel.ts');
  return agentThrough(way);
}

/** What the application default credentials have to show to a host. */
function googleLogin(context: CommandContext): (url: string) => Promise<Record<string, string>> {
  const loading = import('../rest/googleLogin.ts').then(({ GoogleLogin }) => {
    return new GoogleLogin(async () => {
      const agent = await agentTo('https://oauth2.googleapis.com', context);
      return ({ protocol, hostname }) => {
        if (protocol === 'http:') return plainAgent;
        return agent && !isLoopback(hostname) ? agent : globalAgent;
      };
    });
  });
  return async (url) => {
    try {
      const login = await loading;
      const headers = await login.headers();
      context.addSecret((headers['authorization'] ?? '').replace(/^Bearer /, ''));
      return headers;
    } catch (error) {
      // The local server lets everybody in, unless it is told otherwise.
      const isMissing = error instanceof ConnectionError && error.code === 'no_key';
      if (isMissing && isLoopback(new URL(url).hostname)) return {};
      throw error;
    }
  };
}
