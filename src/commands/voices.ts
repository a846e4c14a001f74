/** `gemlive voices`: what there is to speak with, and how it sounds. */
import { EXIT } from '../errors.ts';
import { LIBRARY_VOICES, VOICES } from '../protocol/voices.ts';
import type { CommandContext } from './context.ts';

const LIBRARY_STYLE = 'library voice of gemini-3.8-live';

export async function run(context: CommandContext): Promise<number> {
  const { stdout, events, settings } = context;
  if (settings.preview !== undefined) {
    const { preview } = await import('./voices/preview.ts');
    return preview(context, settings.preview);
  }
  const voices = [
    ...VOICES.map((voice) => ({ ...voice, library: false })),
    ...LIBRARY_VOICES.map((name) => ({ name, style: LIBRARY_STYLE, library: true })),
  ];
  const width = Math.max(...voices.map(({ name }) => name.length));
  for (const voice of voices) {
    if (events) events.emit('voice', voice);
    else stdout.write(`${voice.name.padEnd(width)}  ${voice.style}\n`);
  }
  return EXIT.ok;
}
