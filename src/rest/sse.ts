/** Server-sent events, as far as the service sends them: the data of each. */

/** Far more than any answer's piece; bounds what a peer can make us hold. */
const MAX_EVENT_CHARS = 16 * 1024 * 1024;

/**
 * Bytes cut anywhere → the `data` of each event, as soon as it is whole. What does not begin as a stream of
 * events (an error in plain JSON), or does not go on as one, comes as it is, in one piece.
 *
 * @throws RangeError for an event without an end.
 */
export async function* eventData(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = '';
  let data: string[] = [];
  let isPlain: boolean | undefined;
  let chars = 0;
  for await (const chunk of bytes) {
    rest += decoder.decode(chunk, { stream: true });
    if (chars + rest.length > MAX_EVENT_CHARS) throw new RangeError('an event without an end');
    if (isPlain === undefined && rest.trim() !== '') isPlain = /^\s*[{[<]/.test(rest);
    if (isPlain !== false) continue;
    // A CR at the very end may be half of a line's end.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const [index, line] of lines.entries()) {
      if (line.startsWith('{')) {
        // An error that ends a stream stands alone, without `data:`.
        isPlain = true;
        rest = [...lines.slice(index), rest].join('\n');
        break;
      }
      if (line !== '') {
        const piece = dataIn(line);
        if (piece !== undefined) data.push(piece);
        chars += piece?.length ?? 0;
      } else if (data.length > 0) {
        const event = data.join('\n');
        [data, chars] = [[], 0];
        yield event;
      }
    }
  }
  rest = (rest + decoder.decode()).replace(/\r$/, '');
  if (rest.startsWith('{')) isPlain = true;
  if (isPlain) yield rest;
  else {
    // The last event of a stream that ends without an empty line counts: nothing of an answer is dropped.
    const piece = dataIn(rest);
    if (piece !== undefined) data.push(piece);
    if (data.length > 0) yield data.join('\n');
  }
}

/** Undefined for other fields and comments. */
function dataIn(line: string): string | undefined {
  if (line === 'data') return '';
  return line.startsWith('data:') ? line.slice(5).replace(/^ /, '') : undefined;
}
