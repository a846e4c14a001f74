/** `gemlive token`: mints an ephemeral token, for `--token`, and says how long it is good for. */
import { toSetup } from '../config/setup.ts';
import type { Settings } from '../config/settings.ts';
import { EXIT } from '../errors.ts';
import type { Setup } from '../protocol/messages.ts';
import type { ModelProfile } from '../protocol/models.ts';
import { requestJson } from '../rest/client.ts';
import { notTheApi } from '../rest/errors.ts';
import type { CommandContext } from './context.ts';
import { openDoor } from './door.ts';
import { untilSignalled } from './signals.ts';

/** Of the service, where nothing is asked for. */
const DEFAULT_USES = 1;
const DEFAULT_EXPIRE_SECONDS = 1800;
const DEFAULT_START_WITHIN_SECONDS = 60;

/** As the service takes it. Times are RFC 3339. */
type AuthToken = {
  uses?: number;
  expireTime?: string;
  newSessionExpireTime?: string;
  bidiGenerateContentSetup?: Setup;
  /** Paths in the setup. A path that the setup leaves out is fixed to nothing. */
  fieldMask?: string;
};

export async function run(context: CommandContext): Promise<number> {
  const { settings, resolved, stdout, stderr, events } = context;
  const asked = tokenFor(settings, resolved.profile, Date.now());
  if (settings.dryRun) {
    stdout.write(`${JSON.stringify(asked)}\n`);
    return EXIT.ok;
  }
  const door = openDoor(context);
  return untilSignalled(context.signal, { SIGINT: EXIT.interrupted }, async (signal) => {
    const endpoint = await door.restEndpoint();
    const timeoutMs = settings.timeoutSeconds * 1000;
    const request = { path: 'auth_tokens', body: asked, timeoutMs, signal };
    const answer = (await requestJson(endpoint, request)) as { name?: unknown } | null;
    const token = answer?.name;
    if (typeof token !== 'string' || token === '') {
      throw notTheApi(new URL(endpoint.url).host, 'there is no token in its answer');
    }
    const life = lifeOf(settings);
    if (events) {
      const locked = asked.fieldMask?.split(',') ?? [];
      events.emit('token', { token, ...life, locked });
    } else {
      stdout.write(`${token}\n`);
      if (!settings.quiet) stderr.write(`${inWords(life, settings.lock)}\n`);
    }
    return EXIT.ok;
  });
}

function tokenFor(settings: Settings, profile: ModelProfile, nowMs: number): AuthToken {
  const { uses, expireSeconds, startWithinSeconds, lock } = settings;
  const asked: AuthToken = {};
  if (uses !== undefined) asked.uses = uses;
  // The service's own clock is the better one: times are sent only where they were asked for.
  const inSeconds = (seconds: number): string => new Date(nowMs + seconds * 1000).toISOString();
  if (expireSeconds !== undefined) asked.expireTime = inSeconds(expireSeconds);
  const endsFirst = (expireSeconds ?? DEFAULT_EXPIRE_SECONDS) < DEFAULT_START_WITHIN_SECONDS;
  if (startWithinSeconds !== undefined || endsFirst) {
    asked.newSessionExpireTime = inSeconds(lifeOf(settings).startWithinSeconds);
  }
  if (!lock) return asked;
  // What depends on the client's way of working stays the client's.
  const {
    sessionResumption: _resumption,
    inputAudioTranscription: _input,
    outputAudioTranscription: _output,
    ...setup
  } = toSetup(settings, profile);
  return { ...asked, bidiGenerateContentSetup: setup, fieldMask: maskOf(setup).join(',') };
}

/** Settings that are not there stay free, but for what would make another assistant of it. */
function maskOf(setup: Setup): string[] {
  const paths = ['systemInstruction', 'tools'];
  for (const [field, value] of Object.entries(setup)) {
    const isGroup = field === 'generationConfig' || field === 'realtimeInputConfig';
    const inner = isGroup ? Object.keys(value).map((name) => `${field}.${name}`) : [field];
    paths.push(...inner.filter((path) => !paths.includes(path)));
  }
  return paths;
}

type Life = { uses: number; expireSeconds: number; startWithinSeconds: number };

function lifeOf({ uses, expireSeconds, startWithinSeconds }: Settings): Life {
  const expire = expireSeconds ?? DEFAULT_EXPIRE_SECONDS;
  return {
    uses: uses ?? DEFAULT_USES,
    expireSeconds: expire,
    startWithinSeconds: startWithinSeconds ?? Math.min(expire, DEFAULT_START_WITHIN_SECONDS),
  };
}

function inWords({ uses, expireSeconds, startWithinSeconds }: Life, lock: boolean): string {
  const count =
    uses === 0 ? 'any number of sessions' : uses === 1 ? '1 session' : `${uses} sessions`;
  const start = `to be started within ${time(startWithinSeconds)}`;
  const fixed = lock ? '; its settings are fixed' : '';
  return `for ${count}, ${start}; expires in ${time(expireSeconds)}${fixed}`;
}

function time(seconds: number): string {
  if (seconds >= 7200) return `${Math.round(seconds / 360) / 10} h`;
  return seconds >= 120 ? `${Math.round(seconds / 6) / 10} min` : `${seconds} s`;
}
