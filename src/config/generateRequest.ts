/** Settings → what a standard model is asked over REST, as far as it takes them. Pure. */
import type { Content, GenerationConfig, Tool } from '../protocol/messages.ts';
import { profileOf } from '../protocol/models.ts';
import type { Settings } from './settings.ts';
import { toSetup } from './setup.ts';

export type GenerateRequest = {
  contents: readonly Content[];
  systemInstruction?: Content;
  tools?: Tool[];
  generationConfig?: GenerationConfig;
};

/**
 * The body of `generateContent`: the setup of a session that answers in text, less what only a session has.
 * `model`: a standard one, of which no fact is known.
 */
export function toGenerateRequest(
  settings: Settings,
  model: string,
  contents: readonly Content[],
): GenerateRequest {
  const stranger = profileOf(model);
  const profile = {
    ...stranger,
    modalities: { ...stranger.modalities, value: ['TEXT' as const] },
    language: { ...stranger.language, value: 'words' as const },
  };
  const { systemInstruction, tools, generationConfig } = toSetup(settings, profile, {
    asText: true,
    once: true,
  });
  const {
    responseModalities: _text,
    speechConfig: _voice,
    enableAffectiveDialog: _affective,
    translationConfig: _translation,
    ...config
  } = generationConfig ?? {};
  return {
    contents,
    ...(systemInstruction && { systemInstruction }),
    ...(tools && { tools }),
    ...(Object.keys(config).length > 0 && { generationConfig: config }),
  };
}
