/** Server-sent events, as far as OpenAI-compatible services send them: the data of each. */

const MAX_EVENT_CHARS = 4 * 1024 * 1024;

/** Bytes cut anywhere → the `data` of each event. Text that is no stream of events comes as it is, whole. */
export async function* eventData(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = '';
  let data: string[] = [];
  let isPlain: boolean | undefined;
  for await (const chunk of bytes) {
    rest += decoder.decode(chunk, { stream: true });
    if (rest.length > MAX_EVENT_CHARS) throw new Error('the service sent a line without an end');
    // A service that does not stream answers with one JSON object.
    if (isPlain === undefined && rest.trim() !== '') isPlain = rest.trimStart().startsWith('{');
    if (isPlain !== false) continue;
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const text = line.replace(/\r$/, '');
      if (text.startsWith('data:')) data.push(text.slice(5).replace(/^ /, ''));
      else if (text === '' && data.length > 0) {
        yield data.join('\n');
        data = [];
      }
    }
  }
  rest += decoder.decode();
  if (isPlain) yield rest;
  else if (rest.startsWith('data:')) data.push(rest.slice(5).trim());
  if (data.length > 0) yield data.join('\n');
}
