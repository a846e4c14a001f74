/** `gemlive doctor`: everything that `talk` needs, each thing by using it, and what helps where it does not work. */
import { createRequire } from 'node:module';
import { EXIT } from '../errors.ts';
import type { CommandContext } from './context.ts';
import { skipped } from './doctor/check.ts';
import { checkEngines } from './doctor/engines.ts';
import { checkNetwork } from './doctor/network.ts';
import { planOf, type Plan } from './doctor/place.ts';
import { Report } from './doctor/report.ts';
import { checkService } from './doctor/service.ts';
import { checkSettings } from './doctor/settings.ts';
import { checkSound } from './doctor/sound.ts';
import { lookAtSystem, systemCheck, type System } from './doctor/system.ts';
import { untilSignalled } from './signals.ts';

export function run(context: CommandContext): Promise<number> {
  return untilSignalled(context.signal, { SIGINT: EXIT.interrupted }, async (signal) => {
    const report = new Report(context);
    const [system, settings] = await Promise.all([lookAtSystem(), checkSettings(context)]);
    const plan = settings.usable ? planOf(context, system) : undefined;
    announce(context, plan, report);
    report.tell(systemCheck(system, version()));
    report.tell(settings.check);
    // They wait for other things; what they find is told in its order.
    await Promise.all([
      soundThenEngines(context, system, report, signal),
      checkConnection(context, plan, system, report, signal),
    ]);
    return report.finish();
  });
}

/** The engines are programs that are tried, and would be heard in the loopback as a stall. */
async function soundThenEngines(
  context: CommandContext,
  system: System,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  await checkSound(context, system, report, signal);
  report.tell(await checkEngines(context, system, signal));
}

async function checkConnection(
  context: CommandContext,
  plan: Plan | undefined,
  system: System,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const skip = (why: string, ...names: ('key' | 'network' | 'service' | 'model' | 'session')[]) => {
    for (const name of names) report.tell(skipped(name, why));
  };
  if (plan === undefined) {
    return skip(
      'the settings are to be mended first',
      'key',
      'network',
      'service',
      'model',
      'session',
    );
  }
  const { url, key } = plan;
  if (key) report.tell(key);
  else report.leaveOut('key');
  if (url) report.tell(await checkNetwork(context, url, system, signal));
  else report.leaveOut('network');
  if (key?.status === 'fail') return skip('no key', 'service', 'model', 'session');
  if (url && !report.isFine('network')) return skip('no network', 'service', 'model', 'session');
  await checkService(context, plan, system, report, signal);
}

/** Before anything is played or sent. */
function announce({ settings }: CommandContext, plan: Plan | undefined, report: Report): void {
  const plays = settings.speaker;
  const asks = plan?.asks ?? [];
  const words = [
    ...(plays ? ['plays three short chirps'] : []),
    ...asks,
    asks.length > 0 ? 'sends neither sound nor words' : 'asks nobody on the network',
  ];
  report.announce({ plays, asks, text: `gemlive doctor ${words.join('; ')}` });
}

function version(): string {
  const require = createRequire(import.meta.url);
  return (require('gemlive/package.json') as { version: string }).version;
}
