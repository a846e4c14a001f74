/** Every field that there is, from the server's schema and from the types of the protocol. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAst } from 'rolldown/parseAst';
import { CLIENT_SCHEMA, type Shape } from '../../src/server/schema.ts';
import { canonical, FREE } from './fieldPaths.ts';

/** Field → what the server takes there. */
export function fieldsOfSchema(): Map<string, Shape> {
  const fields = new Map<string, Shape>();
  const walk = (shape: Shape, path: string): void => {
    const item = Array.isArray(shape) ? (shape as readonly [Shape])[0] : shape;
    if (path !== '') {
      if (fields.has(path)) return;
      fields.set(path, shape);
    }
    if (typeof item !== 'object' || item instanceof Set) return;
    for (const [key, inner] of Object.entries(item as Record<string, Shape>)) {
      walk(inner, canonical(path === '' ? key : `${path}.${key}`));
    }
  };
  walk(CLIENT_SCHEMA, '');
  return fields;
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
