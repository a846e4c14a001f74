/** PipeWire's own devices, by `pw-dump`: for pw-record and pw-cat, which know them by the names of their nodes. */
import { z } from 'zod';

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

/** Undefined: no dump. */
export function parsePipewire(text: string, direction: Direction): Device[] | undefined {
  let dump: unknown;
  try {
    dump = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(dump)) return undefined;
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
