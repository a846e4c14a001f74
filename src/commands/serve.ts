/** `gemlive serve`: the local Live server in the foreground. */
import { resolve } from 'node:path';
import { EXIT } from '../errors.ts';
import { startLiveServer, type LiveServerEvent } from '../server/server.ts';
import type { CommandContext } from './context.ts';
import { untilSignalled } from './signals.ts';

const LOOPBACK = /^(localhost|127\.|::1$)/;

export async function run(context: CommandContext): Promise<number> {
  const { settings, childEnv, stdout, stderr, events } = context;
  const limit = { seconds: settings.maxDurationSeconds, code: EXIT.ok };
  return untilSignalled(
    context.signal,
    { SIGINT: EXIT.ok, SIGTERM: EXIT.ok, limit },
    async (signal) => {
      const server = await startLiveServer({
        port: settings.port,
        host: settings.host,
        environment: childEnv,
        goAwaySeconds: settings.goAwaySeconds,
        sessionLimitSeconds: settings.sessionLimitSeconds,
        allowRetired: settings.allowRetired,
        allowOrigins: settings.allowOrigins,
        allowHosts: settings.allowHosts,
        ...(settings.key !== undefined && { key: settings.key }),
        ...(settings.script !== undefined && { script: pathOf(settings.script, context) }),
        ...(settings.log !== undefined && { log: pathOf(settings.log, context) }),
        ...(settings.stt !== undefined && { stt: settings.stt }),
        ...(settings.llm !== undefined && { llm: settings.llm }),
        ...(settings.tts !== undefined && { tts: settings.tts }),
        onEvent: (event) => report(event, context),
      });
      try {
        if (events) events.emit('listening', { url: server.url });
        else stdout.write(`${server.url}\n`);
        if (!LOOPBACK.test(settings.host)) {
          context.warn({
            code: 'not_loopback',
            message: `other machines can reach this server at ${server.url}`,
            hint: 'require a key with --key, or leave --host out',
          });
        }
        const { ears, brain, voice } = await server.engines;
        if (!settings.quiet)
          stderr.write(`engines: ears ${ears} · brain ${brain} · voice ${voice}\n`);
        await new Promise<void>((resolve) => {
          if (signal.aborted) resolve();
          else signal.addEventListener('abort', () => resolve(), { once: true });
        });
        return EXIT.ok;
      } finally {
        await server.close();
      }
    },
  );
}

const pathOf = (path: string, { cwd }: CommandContext): string => resolve(cwd, path);

function report(event: LiveServerEvent, { events, stderr, settings }: CommandContext): void {
  if (events) {
    const { type, ...fields } = event;
    events.emit(type, fields);
  } else if (event.type === 'fault' && !settings.quiet) {
    stderr.write(`${event.id === 0 ? 'server' : `session ${event.id}`}: ${event.message}\n`);
  }
}
