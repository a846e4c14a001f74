/** PipeWire's own devices, by `pw-dump`: for pw-record and pw-cat, which know them by the names of their nodes. */
import * as z from 'zod';

import type { ChildEnvironment } from '../subprocess.ts';
import { listOf } from './device.ts';
import type { Device, DeviceList, Direction } from './device.ts';
import { outputOf } from './run.ts';

/** What is read of a node; there is much more. */
const NODE = z.object({
  info: z.object({
    props: z.object({
      'media.class': z.string(),
      'node.name': z.string(),
      'node.description': z.string().optional(),
    }),
    params: z
      .object({ Props: z.array(z.object({ mute: z.boolean().optional() })).optional() })
      .optional(),
  }),
});
const METADATA = z.object({ metadata: z.array(z.object({ key: z.string(), value: z.unknown() })) });
const NAMED = z.object({ name: z.string() });
const CLIENT = z.object({
  id: z.number(),
  type: z.string().endsWith('Client'),
  info: z.object({ props: z.object({ 'application.process.id': z.coerce.number() }) }),
});
const STREAM = z.object({
  type: z.string().endsWith('Node'),
  info: z.object({ state: z.string(), props: z.object({ 'client.id': z.coerce.number() }) }),
});

export async function listPipewire(
  direction: Direction,
  environment: ChildEnvironment,
): Promise<DeviceList> {
  const dump = await outputOf('pw-dump', [], environment);
  if (dump.failure !== undefined) return { failure: `pw-dump: ${dump.failure}` };
  const devices = parsePipewire(dump.text, direction);
  return devices === undefined
    ? { failure: 'pw-dump: it says nothing that is understood' }
    : listOf(devices);
}

/**
 * Whether the server runs a stream of this process, which it does when the stream is linked to a device: `pw-cat`
 * itself reports nothing before its output buffer is full. `failure`: nobody can tell.
 */
export async function hasRunningStream(
  pid: number,
  environment: ChildEnvironment | undefined,
): Promise<boolean | { failure: string }> {
  const dump = await outputOf('pw-dump', [], environment);
  if (dump.failure !== undefined) return { failure: `pw-dump: ${dump.failure}` };
  return isRunning(dump.text, pid);
}

export function isRunning(text: string, pid: number): boolean {
  const dump = objectsIn(text) ?? [];
  const clients = dump
    .flatMap((object) => CLIENT.safeParse(object).data ?? [])
    .filter(({ info }) => info.props['application.process.id'] === pid)
    .map(({ id }) => id);
  return dump
    .flatMap((object) => STREAM.safeParse(object).data?.info ?? [])
    .some(({ state, props }) => state === 'running' && clients.includes(props['client.id']));
}

/** Undefined: no dump. */
function objectsIn(text: string): unknown[] | undefined {
  try {
    const dump: unknown = JSON.parse(text);
    return Array.isArray(dump) ? dump : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined: no dump. */
export function parsePipewire(text: string, direction: Direction): Device[] | undefined {
  const dump = objectsIn(text);
  if (dump === undefined) return undefined;
  const key = direction === 'input' ? 'default.audio.source' : 'default.audio.sink';
  const byDefault = dump
    .flatMap((object) => METADATA.safeParse(object).data?.metadata ?? [])
    .filter((entry) => entry.key === key)
    .map(({ value }) => NAMED.safeParse(value).data?.name)[0];
  return dump.flatMap((object) => {
    const info = NODE.safeParse(object).data?.info;
    return info === undefined ? [] : deviceOf(info, direction, byDefault);
  });
}

function deviceOf(
  { props, params }: z.infer<typeof NODE>['info'],
  direction: Direction,
  byDefault: string | undefined,
): Device[] {
  const { 'media.class': kind, 'node.name': id, 'node.description': description = id } = props;
  const isSink = kind === 'Audio/Sink' || kind === 'Audio/Duplex';
  const isSource = /^Audio\/(Source|Duplex)/.test(kind);
  // A sink can be recorded from, by its own name.
  if (direction === 'output' ? !isSink : !isSource && !isSink) return [];
  const isMonitor = direction === 'input' && !isSource;
  const name = isMonitor ? `Monitor of ${description}` : description;
  const muted = params?.Props?.[0]?.mute;
  return [
    { id, name, isDefault: id === byDefault, isMonitor, ...(muted !== undefined && { muted }) },
  ];
}
