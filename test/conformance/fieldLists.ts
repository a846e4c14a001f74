/** Every field that there is, from the server's schema and from the types of the protocol. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAst } from 'rolldown/parseAst';
import { CLIENT_SCHEMA, type Shape } from '../../src/server/schema.ts';
import { DEFAULT_MODEL } from '../support/liveClient.ts';
import { canonical, FREE } from './fieldPaths.ts';

export type SchemaField = {
  shape: Shape;
  /** Where it stands in a message; a list holds one of it. */
  path: readonly { key: string; inList: boolean }[];
};

/** Field → what the server takes there, and where. */
export function fieldsOfSchema(): Map<string, SchemaField> {
  const fields = new Map<string, SchemaField>();
  const walk = (shape: Shape, name: string, path: SchemaField['path']): void => {
    if (name !== '') {
      if (fields.has(name)) return;
      fields.set(name, { shape, path });
    }
    const inList = Array.isArray(shape);
    const item = inList ? (shape as readonly [Shape])[0] : shape;
    if (typeof item !== 'object' || item instanceof Set) return;
    const here = path.map((step, index) =>
      index === path.length - 1 ? { ...step, inList } : step,
    );
    for (const [key, inner] of Object.entries(item as Record<string, Shape>)) {
      walk(inner, canonical(name === '' ? key : `${name}.${key}`), [
        ...here,
        { key, inList: false },
      ]);
    }
  };
  walk(CLIENT_SCHEMA, '', []);
  return fields;
}

/** A client message that holds `value` in this field, with others `beside` it, and what setup cannot be without. */
export function messageWith(
  { path }: SchemaField,
  value: unknown,
  { misspelt = false, beside = {} }: { misspelt?: boolean; beside?: object | undefined } = {},
): object {
  const last = path.length - 1;
  const message = path.reduceRight<unknown>((inner, { key, inList }, index) => {
    const name = misspelt && index === last ? `${key}X` : key;
    const holder = { [name]: inList && index !== last ? [inner] : inner };
    return index === last ? { ...holder, ...beside } : holder;
  }, value) as Record<string, unknown>;
  const { setup } = message;
  if (typeof setup !== 'object' || setup === null || path.length === 1) return message;
  return { setup: { model: DEFAULT_MODEL, ...setup } };
}

type Node = { type: string; [key: string]: unknown };

/** The fields that `src/protocol/messages.ts` gives a type, from its text. */
export function fieldsOfType(name: 'ClientMessage' | 'ServerMessage'): string[] {
  const path = join(import.meta.dirname, '..', '..', 'src', 'protocol', 'messages.ts');
  const { body } = parseAst(readFileSync(path, 'utf8'), { lang: 'ts' }) as unknown as {
    body: { declaration?: { id?: { name: string }; typeAnnotation?: Node } }[];
  };
  const types = new Map(
    body.flatMap(({ declaration }) =>
      declaration?.id && declaration.typeAnnotation
        ? [[declaration.id.name, declaration.typeAnnotation] as const]
        : [],
    ),
  );
  const fields = new Set<string>();
  const walk = (node: Node | undefined, path: string): void => {
    if (!node || FREE.test(path)) return;
    if (node.type === 'TSTypeReference') {
      return walk(types.get((node['typeName'] as { name: string }).name), path);
    }
    if (node.type === 'TSArrayType') return walk(node['elementType'] as Node, path);
    if (node.type === 'TSUnionType') {
      for (const one of node['types'] as Node[]) walk(one, path);
      return;
    }
    if (node.type !== 'TSTypeLiteral') return;
    for (const member of node['members'] as Node[]) {
      const key = (member['key'] as { name: string }).name;
      const field = canonical(path === '' ? key : `${path}.${key}`);
      if (fields.has(field)) continue;
      fields.add(field);
      walk((member['typeAnnotation'] as { typeAnnotation: Node }).typeAnnotation, field);
    }
  };
  walk(types.get(name), '');
  return [...fields];
}
