/** The keys of `talk`: raw in a terminal that can draw, line by line where it cannot. */
import { createInterface } from 'node:readline';
import { StringDecoder } from 'node:string_decoder';
import { EMPTY_LINE, edit, type EditedLine } from '../../ui/lineEditor.ts';
import { parseKeys, type Key } from '../../ui/keys.ts';

export type Intents = {
  quit: () => void;
  toggleMute: () => void;
  stopReply: () => void;
  toggleHelp: () => void;
  send: (text: string) => void;
  /** The line that is being typed has changed; undefined when typing ended. */
  typing: (line: EditedLine | undefined) => void;
};

export type Keyboard = { close: () => void };

export const KEYS_HELP: readonly string[] = [
  'm      mute and unmute',
  'Esc    stop the reply now',
  'Enter  type a message, Enter sends it',
  '?      this help',
  'q      quit; Ctrl+C and Ctrl+D too',
];

export const LINES_HELP: readonly string[] = [
  'Each with Enter:',
  '         stop the reply now (an empty line)',
  'm        mute and unmute',
  '?        this help',
  'q        quit; Ctrl+C and Ctrl+D too',
  'a line   is sent as a message',
];

export function rawKeyboard(stdin: NodeJS.ReadStream, intents: Intents): Keyboard {
  let line: EditedLine | undefined;
  const setLine = (next: EditedLine | undefined): void => {
    line = next;
    intents.typing(next);
  };
  const onTypingKey = (key: Key, current: EditedLine): void => {
    if (key.key === 'escape') return setLine(undefined);
    if (key.key !== 'enter') return setLine(edit(current, key));
    const text = (current.before + current.after).trim();
    setLine(undefined);
    if (text !== '') intents.send(text);
  };
  const onCommandKey = (key: Key): void => {
    if (key.key === 'escape') intents.stopReply();
    else if (key.key === 'enter') setLine(EMPTY_LINE);
    else if (key.key === 'text' && key.text === 'm') intents.toggleMute();
    else if (key.key === 'text' && key.text === 'q') intents.quit();
    else if (key.key === 'text' && key.text === '?') intents.toggleHelp();
  };
  // A long paste comes in chunks, and one may end in the middle of a character.
  const decoder = new StringDecoder('utf8');
  const onData = (chunk: Buffer): void => {
    for (const key of parseKeys(decoder.write(chunk))) {
      if (key.key === 'interrupt' || key.key === 'eof') intents.quit();
      else if (line) onTypingKey(key, line);
      else onCommandKey(key);
    }
  };
  const restore = (): void => {
    stdin.setRawMode(false);
  };
  stdin.setRawMode(true);
  process.once('exit', restore);
  stdin.on('data', onData);
  stdin.on('end', intents.quit);
  stdin.resume();
  return {
    close: () => {
      stdin.off('data', onData);
      stdin.off('end', intents.quit);
      process.off('exit', restore);
      restore();
      stdin.pause();
    },
  };
}

/** Without cursor movement: `m`, `q` and `?` as lines of their own; any other line is a message. */
export function lineKeyboard(stdin: NodeJS.ReadStream, intents: Intents): Keyboard {
  const readline = createInterface({ input: stdin, terminal: false });
  readline.on('line', (line) => {
    const text = line.trim();
    if (text === 'm') intents.toggleMute();
    else if (text === 'q') intents.quit();
    else if (text === '?') intents.toggleHelp();
    else if (text !== '') intents.send(text);
    else intents.stopReply();
  });
  readline.on('close', intents.quit);
  return {
    close: () => {
      readline.off('close', intents.quit);
      readline.close();
      stdin.pause();
    },
  };
}
