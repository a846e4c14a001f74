/** Key and model, by the service's own word: its list of models, and a session without any sound. */
import { toSetup } from '../../config/setup.ts';
import { EXIT, GemliveError } from '../../errors.ts';
import { Connection } from '../../live/connection.ts';
import { DEFAULT_MODEL, findModel, modelId } from '../../protocol/models.ts';
import { nearest } from '../../config/nearest.ts';
import type { CommandContext } from '../context.ts';
import { openPlace, type LivePlace } from '../live.ts';
import { isLive, modelsAt, type Offered } from '../models/remote.ts';
import { failed, skipped, type Check, type Fix } from './check.ts';
import { fixesFor } from './fixes.ts';
import type { Plan } from './place.ts';
import type { Report } from './report.ts';
import type { System } from './system.ts';

/** @throws what `signal` says. */
export async function checkService(
  context: CommandContext,
  { lists, opens }: Plan,
  system: System,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  if (!opens && !lists) {
    const why = 'a session would use the token up';
    for (const name of ['service', 'model', 'session'] as const) report.tell(skipped(name, why));
    return;
  }
  let place: LivePlace;
  try {
    place = await openPlace(context);
  } catch (error) {
    if (!(error instanceof GemliveError)) throw error;
    tellRefused(report, failed('service', error));
    return;
  }
  try {
    const offered = lists ? await askModels(context, place, system, report, signal) : [];
    if (offered) await checkModel(context, place, { offered, system, report, signal });
  } finally {
    await place.close();
  }
}

function tellRefused(report: Report, check: Check): void {
  report.tell(check);
  for (const name of ['model', 'session'] as const)
    report.tell(skipped(name, 'the service does not answer as it should'));
}

/** Empty: there is no list. Undefined: it was told why. */
async function askModels(
  context: CommandContext,
  place: LivePlace,
  system: System,
  report: Report,
  signal: AbortSignal,
): Promise<readonly Offered[] | undefined> {
  const { settings } = context;
  const startMs = performance.now();
  try {
    const endpoint = await place.restEndpoint();
    const offered = await modelsAt(endpoint, settings.timeoutSeconds * 1000, signal);
    const ms = Math.round(performance.now() - startMs);
    const live = offered.filter(isLive);
    report.tell({
      name: 'service',
      status: 'ok',
      summary: `${settings.local ? 'the local server' : new URL(place.url).host} offers ${live.length} Live models, told in ${ms} ms`,
      facts: { ms, models: offered.length, liveModels: live.map(({ id }) => id) },
    });
    return offered;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof GemliveError)) throw error;
    // A gateway may know nothing but sessions.
    if (settings.baseUrl !== undefined && NO_LIST.includes(error.code)) return [];
    tellRefused(report, failed('service', error, credentialFixes(error, context, system)));
    return undefined;
  }
}

/** What answers there has no list, or does not know what that is. */
const NO_LIST: readonly string[] = ['bad_model', 'bad_argument', 'server_refused'];

/** For a credential that is not taken. */
function credentialFixes(
  error: GemliveError,
  context: CommandContext,
  system: System,
): readonly Fix[] {
  if (!['bad_key', 'no_key'].includes(error.code)) return [];
  const { kind } = context.resolved.credential;
  return fixesFor(kind === 'google' ? 'noGoogleLogin' : 'noKey', system);
}

type Asked = {
  /** Empty: nobody can say. */
  offered: readonly Offered[];
  system: System;
  report: Report;
  signal: AbortSignal;
};

async function checkModel(
  context: CommandContext,
  place: LivePlace,
  { offered, system, report, signal }: Asked,
): Promise<void> {
  const { model } = context.settings;
  const listed = offered.find(({ id }) => id === modelId(model));
  const others = offered.filter(isLive).map(({ id }) => id);
  if (listed && !isLive(listed)) {
    const summary = `${model} is there, and is no Live model`;
    report.tell({
      ...wrongModel(summary, model, others),
      facts: { model, methods: listed.methods },
    });
    report.tell(skipped('session', 'no model'));
    return;
  }
  if (listed) {
    const { inputTokenLimit: limit } = listed;
    const size = limit === undefined ? '' : `, takes ${limit} tokens`;
    const status = findModel(model)?.status === 'deprecated' ? ', of an older generation' : '';
    const summary = `${model} is offered for Live sessions${size}${status}`;
    report.tell({ name: 'model', status: 'ok', summary, facts: { model, listed: true } });
  }
  const session = await trySession(context, place, signal);
  const { error } = session;
  if (listed) {
    report.tell(error ? failed('session', error) : session.check);
    return;
  }
  // Not in the list, or there was none: the session is the proof.
  if (!report.has('service')) report.tell(serviceBy(error, context, system));
  if (error === undefined) {
    const summary = `${model} takes sessions${offered.length > 0 ? ', although it is in no list' : ''}`;
    report.tell({ name: 'model', status: 'ok', summary, facts: { model, listed: false } });
    report.tell(session.check);
  } else if (error.code === 'bad_model' || offered.length > 0) {
    report.tell({ ...wrongModel(whyNot(model), model, others), more: [error.message] });
    report.tell(skipped('session', 'no model'));
  } else {
    const isLetIn = !REFUSALS.includes(error.code);
    const why = isLetIn ? 'no session could be opened' : 'the service does not let you in';
    report.tell(skipped('model', why));
    report.tell(isLetIn ? failed('session', error) : skipped('session', why));
  }
}

/** Of a credential. */
const REFUSALS: readonly string[] = ['bad_key', 'no_key', 'no_permission'];

/** Where models cannot be listed. */
function serviceBy(
  error: GemliveError | undefined,
  context: CommandContext,
  system: System,
): Check {
  if (error && REFUSALS.includes(error.code))
    return failed('service', error, credentialFixes(error, context, system));
  // What else goes wrong may come before it has looked at that.
  if (error && error.code !== 'bad_model') return skipped('service', 'no session could be opened');
  return { name: 'service', status: 'ok', summary: 'it lets you in, and has no list of models' };
}

function wrongModel(summary: string, model: string, offered: readonly string[]): Check {
  const isRetired = findModel(model)?.status === 'retired';
  const byName = isRetired ? undefined : nearest(model, offered);
  const best = byName ?? offered.find((id) => id === DEFAULT_MODEL) ?? offered[0];
  const common = { name: 'model', status: 'fail', summary, exitCode: EXIT.server } as const;
  if (best === undefined) {
    const words = 'gemlive models lists what there is';
    return { ...common, facts: { model, listed: false }, fix: [{ words }] };
  }
  const near = [best, ...offered.filter((id) => id !== best)].slice(0, 3);
  return {
    ...common,
    facts: { model, listed: false, near },
    fix: [
      { run: `gemlive talk --model ${best}` },
      { words: `there are ${near.join(', ')}; gemlive models --remote lists all` },
    ],
  };
}

function whyNot(model: string): string {
  const known = findModel(model);
  if (known?.status === 'retired') return `${model} has been shut down`;
  if (known && !known.platforms.includes('gemini'))
    return `${model} is there on Vertex AI only (--vertex)`;
  return `there is no model ${model}`;
}

/** Opens a session, sends the setup, and closes it when that is answered. No sound, no words. */
async function trySession(
  { settings, resolved }: CommandContext,
  place: LivePlace,
  signal: AbortSignal,
): Promise<{ check: Check; error?: undefined } | { check?: undefined; error: GemliveError }> {
  const startMs = performance.now();
  const nothing = (): void => {};
  const handlers = {
    onMessage: nothing,
    onBadFrame: nothing,
    onClosed: nothing,
    onWritable: nothing,
  };
  try {
    const setup = toSetup(settings, resolved.profile, { once: true });
    const timeoutMs = settings.timeoutSeconds * 1000;
    const connection = await Connection.open(place.endpoint, () => setup, handlers, {
      timeoutMs,
      signal,
    });
    const ms = Math.round(performance.now() - startMs);
    await connection.close();
    const summary = `opened in ${ms} ms, and closed; nothing was said in it`;
    return { check: { name: 'session', status: 'ok', summary, facts: { ms } } };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof GemliveError)) throw error;
    return { error };
  }
}
