/** What a token fixes of the setups that are sent with it. The client's value is replaced, not refused. */
import type { Setup } from '../../protocol/messages.ts';
import { camelCase, SETUP, type Shape } from '../schema.ts';
import { badRequest } from './errors.ts';

export type Lock = {
  setup: Partial<Setup>;
  /** The fields that are fixed. Absent: all of them. */
  paths: readonly (readonly string[])[] | undefined;
};

/** A protobuf message in JSON. */
type Message = { [field: string]: unknown };

/**
 * A field mask, in either spelling: `model,generationConfig.topK`. What stands inside a list is fixed with the
 * whole list, since the official SDK writes `tools.0`.
 *
 * @throws RestError 400 for a path that is no field of a setup.
 */
export function readFieldMask(mask: string): string[][] {
  return mask
    .split(',')
    .map((path) => path.trim())
    .filter((path) => path !== '')
    .map(readPath);
}

function readPath(path: string): string[] {
  const fields: string[] = [];
  let shape: Shape = SETUP;
  for (const name of path.split('.')) {
    if (typeof shape !== 'object' || shape instanceof Set || Array.isArray(shape)) break;
    const field = camelCase(name);
    const known = shape as { readonly [field: string]: Shape };
    const inner: Shape | undefined = Object.hasOwn(known, field) ? known[field] : undefined;
    if (inner === undefined) {
      const quoted = JSON.stringify(path.slice(0, 100));
      throw badRequest(
        `Invalid value at 'auth_token.field_mask' (type.googleapis.com/google.protobuf.FieldMask), ${quoted}`,
      );
    }
    fields.push(field);
    shape = inner;
  }
  return fields;
}

/** The setup that counts: a copy, nothing of which is shared with the token. */
export function applyLock({ setup: fixed, paths }: Lock, asked: Setup): Setup {
  const own = structuredClone(fixed);
  // There is no default for the model.
  const setup = paths === undefined ? { model: asked.model, ...own } : structuredClone(asked);
  for (const path of paths ?? []) put(setup, path, valueAt(own, path));
  return keepHandle(setup, asked, paths);
}

/** Where resumption is fixed to be on, the handle is still the client's: it cannot be known beforehand. */
function keepHandle(setup: Setup, asked: Setup, paths: Lock['paths']): Setup {
  const handle = asked.sessionResumption?.handle;
  const isFixed = paths?.some((path) => path.join('.') === 'sessionResumption.handle') ?? false;
  if (handle && setup.sessionResumption && !isFixed) setup.sessionResumption.handle ??= handle;
  return setup;
}

function valueAt(message: object, path: readonly string[]): unknown {
  let value: unknown = message;
  for (const field of path) value = (value as Message | undefined)?.[field];
  return value;
}

/** An absent value takes the field away: it is fixed to its default. */
function put(message: object, path: readonly string[], value: unknown): void {
  const last = path.at(-1);
  if (last === undefined) return;
  let parent = message as Message;
  for (const field of path.slice(0, -1)) {
    if (parent[field] === undefined) {
      if (value === undefined) return;
      parent[field] = {};
    }
    parent = parent[field] as Message;
  }
  if (value === undefined) delete parent[last];
  else parent[last] = value;
}
