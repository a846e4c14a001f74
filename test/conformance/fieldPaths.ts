/**
 * The fields of the protocol by name. What occurs in several places (a Part, a Blob) has the same name
 * everywhere.
 */
/** The first that fits. */
const SHARED: readonly [RegExp, string][] = [
  [/^.*\bfunctionResponses?\./, 'FunctionResponse.'],
  [/^.*\bfunctionCalls?\./, 'FunctionCall.'],
  [/^.*\bfunctionDeclarations\./, 'FunctionDeclaration.'],
  [/^.*\b(?:inlineData|audio|video|mediaChunks)\.(?=data|mimeType|displayName)/, 'Blob.'],
  [/^.*\b(?:systemInstruction|turns|modelTurn)\.parts\./, 'Part.'],
  [/^.*\b(?:systemInstruction|turns|modelTurn)\./, 'Content.'],
  [/^Content\.parts\./, 'Part.'],
  [/^(?:setup\.tools|contextUpdate\.tools\.tools)\./, 'Tool.'],
  [/^setup\.(?:input|output)AudioTranscription\./, 'AudioTranscriptionConfig.'],
  [/^serverContent\.\w*[tT]ranscription\./, 'Transcription.'],
  [/^usageMetadata\.\w+Details\./, 'ModalityTokenCount.'],
];

export function canonical(path: string): string {
  for (const [pattern, name] of SHARED) {
    if (pattern.test(path)) return path.replace(pattern, name);
  }
  return path;
}

/** Below these everything is the user's own. */
export const FREE =
  /^(?:FunctionResponse\.(?:response|parts)|FunctionCall\.args|FunctionDeclaration\.(?:parameters|parametersJsonSchema|response|responseJsonSchema)|Tool\.(?!functionDeclarations)\w+|setup\.labels|setup\.avatarConfig\.\w+|setup\.safetySettings\.\w+|setup\.generationConfig\.speechConfig\.voiceConfig\.replicatedVoiceConfig|serverContent\.(?:groundingMetadata|urlContextMetadata))$/;

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
