/** `gemlive models --remote`: the Live models that the API offers this key, beside what the table knows of them. */
import * as z from 'zod';
import { EXIT, GemliveError } from '../../errors.ts';
import { findModel, MODELS, modelId, type ModelProfile } from '../../protocol/models.ts';
import { requestJson, type RestEndpoint } from '../../rest/client.ts';
import { harmless } from '../../ui/harmless.ts';
import type { CommandContext } from '../context.ts';
import { openPlace } from '../live.ts';
import { untilSignalled } from '../signals.ts';

/** What the service says of one model. */
export type Offered = {
  id: string;
  /** `bidiGenerateContent` for those that live sessions can be opened with. */
  methods: readonly string[];
  displayName?: string | undefined;
  inputTokenLimit?: number | undefined;
  outputTokenLimit?: number | undefined;
};

const PAGE = z.object({
  models: z
    .array(
      z.object({
        name: z.string(),
        displayName: z.string().optional(),
        inputTokenLimit: z.number().optional(),
        outputTokenLimit: z.number().optional(),
        supportedGenerationMethods: z.array(z.string()).default([]),
      }),
    )
    .default([]),
  nextPageToken: z.string().optional(),
});

/** Far more than there are; a server that pages for ever is left. */
const MAX_PAGES = 50;

/** @throws GemliveError: no key, or no permission (3), network (5), refused (6), quota (7). */
export function listRemote(
  context: CommandContext,
  describe: (model: ModelProfile) => string,
): Promise<number> {
  const limit = { seconds: undefined, code: EXIT.server };
  return untilSignalled(context.signal, { SIGINT: EXIT.interrupted, limit }, async (signal) => {
    const place = await openPlace(context);
    try {
      const timeoutMs = context.settings.timeoutSeconds * 1000;
      const offered = await modelsAt(await place.restEndpoint(), timeoutMs, signal);
      print(context, offered.filter(isLive), describe);
    } finally {
      await place.close();
    }
    return EXIT.ok;
  });
}

export const isLive = ({ methods }: Offered): boolean => methods.includes('bidiGenerateContent');

/** All models that the service offers this key, of every kind. @throws GemliveError as {@link listRemote} does. */
export async function modelsAt(
  endpoint: RestEndpoint,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Offered[]> {
  const offered: Offered[] = [];
  let token: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const next = token === undefined ? '' : `&pageToken=${encodeURIComponent(token)}`;
    const path = `models?pageSize=1000${next}`;
    const parsed = PAGE.safeParse(await requestJson(endpoint, { path, timeoutMs, signal }));
    if (!parsed.success) throw noList();
    for (const { name, supportedGenerationMethods: methods, ...rest } of parsed.data.models) {
      offered.push({ id: modelId(name), methods, ...rest });
    }
    token = parsed.data.nextPageToken;
    if (token === undefined || token === '') break;
  }
  return offered;
}

function noList(): GemliveError {
  return new GemliveError('the answer is no list of models', {
    code: 'server_refused',
    exitCode: EXIT.server,
    why: 'what answers there does not speak the Gemini API',
    hint: 'check --base-url and --api-version, or leave --remote out',
  });
}

function print(
  { stdout, stderr, events, stdoutTty, settings }: CommandContext,
  offered: readonly Offered[],
  describe: (model: ModelProfile) => string,
): void {
  for (const { methods: _methods, ...model } of offered) {
    const known = findModel(model.id);
    if (events) events.emit('model', { ...known, ...model, known: known !== undefined });
    else stdout.write(known ? describe(known) : unheardOf(model));
  }
  if (events || !stdoutTty || settings.quiet) return;
  const missing = MODELS.filter(
    ({ id, status, platforms }) =>
      status !== 'retired' && platforms.includes('gemini') && !offered.some((one) => one.id === id),
  );
  if (missing.length > 0)
    stderr.write(`not offered here: ${missing.map(({ id }) => id).join(', ')}\n`);
}

/** Newer than the table: it is sent as it is, unchecked. */
function unheardOf({
  id,
  displayName,
  inputTokenLimit,
  outputTokenLimit,
}: Omit<Offered, 'methods'>): string {
  const limits = [
    inputTokenLimit === undefined ? undefined : `takes ${inputTokenLimit} tokens`,
    outputTokenLimit === undefined ? undefined : `gives ${outputTokenLimit}`,
  ].filter((limit) => limit !== undefined);
  const facts = [displayName && harmless(displayName), ...limits].filter(Boolean).join(', ');
  return `${harmless(id)}\n  new: gemlive knows nothing of it and sends settings unchecked\n  ${facts}\n`;
}
