/**
 * The fields of the protocol by name: of a message, of the server's schema, of the types. What occurs in
 * several places (a Part, a Blob) has the same name everywhere.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAst } from 'rolldown/parseAst';
import { CLIENT_SCHEMA, type Shape } from '../../src/server/schema.ts';

/** The first that fits. */
const SHARED: readonly [RegExp, string][] = [
  [/^.*\bfunctionResponses?\./, 'FunctionResponse.'],
  [/^.*\bfunctionCalls?\./, 'FunctionCall.'],
  [/^.*\bfunctionDeclarations\./, 'FunctionDeclaration.'],
  [/^.*\b(?:inlineData|audio|video|mediaChunks)\.(?=data|mimeType|displayName)/, 'Blob.'],
  [/^.*\b(?:systemInstruction|turns|modelTurn)\.parts\./, 'Part.'],
  [/^.*\b(?:systemInstruction|turns|modelTurn)\./, 'Content.'],
  [/^(?:setup\.tools|contextUpdate\.tools\.tools)\./, 'Tool.'],
  [/^setup\.(?:input|output)AudioTranscription\./, 'AudioTranscriptionConfig.'],
  [/^serverContent\.\w*[tT]ranscription\./, 'Transcription.'],
  [/^usageMetadata\.\w+Details\./, 'ModalityTokenCount.'],
];

function canonical(path: string): string {
  for (const [pattern, name] of SHARED) {
    if (pattern.test(path)) return path.replace(pattern, name);
  }
  return path;
}

/** Below these everything is the user's own. */
const FREE =
  /^(?:FunctionResponse\.(?:response|parts)|FunctionCall\.args|FunctionDeclaration\.(?:parameters|parametersJsonSchema|response|responseJsonSchema)|Tool\.(?!functionDeclarations)\w+|setup\.labels|setup\.avatarConfig\.\w+|setup\.safetySettings\.\w+)$/;

/** Every field that a message has, in the protocol's own spelling. */
export function fieldsIn(message: unknown): string[] {
  const fields: string[] = [];
  const walk = (value: unknown, path: string): void => {
    if (Array.isArray(value)) {
      for (const item of value) walk(item, path);
      return;
    }
    if (path !== '') fields.push(path);
    if (typeof value !== 'object' || value === null || FREE.test(path)) return;
    for (const [key, inner] of Object.entries(value)) {
      if (inner !== undefined && inner !== null) {
        walk(inner, canonical(path === '' ? key : `${path}.${key}`));
      }
    }
  };
  walk(message, '');
  return [...new Set(fields)];
}

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
