/** The keys of `talk`: raw in a terminal that can draw, line by line where it cannot. */
import { createInterface } from 'node:readline';
import { StringDecoder } from 'node:string_decoder';
import { EMPTY_LINE, edit, type EditedLine } from '../../ui/lineEditor.ts';
import { KeyParser, type Key } from '../../ui/keys.ts';
import { PushToTalk } from './pushToTalk.ts';
import { KeyModes } from './keyModes.ts';

export type Intents = {
  quit: () => void;
  toggleMute: () => void;
  stopReply: () => void;
  toggleHelp: () => void;
  send: (text: string) => void;
  /** The line that is being typed has changed; undefined when typing ended. */
  typing: (line: EditedLine | undefined) => void;
  /** Push to talk: the user takes the word, or gives it back. Without it Space is no key. */
  talk?: (talking: boolean) => void;
  /** Any key was pressed. */
  awake?: () => void;
  /** The terminal tells when keys are let go, so that Space can be held. */
  holds?: () => void;
};

export type Keyboard = {
  close: () => void;
  /** Around a stop of the process: the terminal is given back, and taken again. */
  suspend?: () => void;
  resume?: () => void;
};

/** A sequence whose end does not come within it was no sequence. */
const SEQUENCE_MS = 50;
const COMMANDS = /^[ mq?]+$/;

/** `control` writes sequences to the terminal that `stdin` belongs to. */
export function rawKeyboard(
  stdin: NodeJS.ReadStream,
  intents: Intents,
  control: (sequence: string) => void,
): Keyboard {
  const parser = new KeyParser();
  const modes = new KeyModes(stdin, control);
  const push = intents.talk && new PushToTalk(intents.talk);
  let line: EditedLine | undefined;
  let sequenceTimer: NodeJS.Timeout | undefined;

  const setLine = (next: EditedLine | undefined): void => {
    const isTyping = next !== undefined;
    if (isTyping !== (line !== undefined)) modes.setTyping(isTyping);
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
    // What is pasted was meant as words, never as commands.
    else if (key.key === 'paste') setLine(edit(EMPTY_LINE, key));
    else if (key.key !== 'text') return;
    else if (key.repeat) return;
    // Over a slow line several keys come in one piece; other words are no commands.
    else if (COMMANDS.test(key.text)) for (const letter of key.text) onCommand(letter);
  };
  const onCommand = (letter: string): void => {
    if (letter === ' ') push?.press();
    else if (letter === 'm') intents.toggleMute();
    else if (letter === 'q') intents.quit();
    else intents.toggleHelp();
  };
  const onKey = (key: Key): void => {
    if (key.key === 'protocol') {
      if (!push || modes.tellsRelease) return;
      modes.reportRelease();
      intents.holds?.();
      return;
    }
    // Also while typing: a key that was held when the typing began is let go then.
    if (key.key === 'release') return key.text === ' ' ? push?.release() : undefined;
    intents.awake?.();
    if (key.key === 'interrupt' || key.key === 'eof') intents.quit();
    else if (line) onTypingKey(key, line);
    else onCommandKey(key);
  };
  // A long paste comes in chunks, and one may end in the middle of a character.
  const decoder = new StringDecoder('utf8');
  const onData = (chunk: Buffer): void => {
    clearTimeout(sequenceTimer);
    parser.push(decoder.write(chunk)).forEach(onKey);
    if (parser.waiting) {
      sequenceTimer = setTimeout(() => parser.flush().forEach(onKey), SEQUENCE_MS);
    }
  };
  modes.enter();
  if (push) modes.query();
  stdin.on('data', onData);
  stdin.on('end', intents.quit);
  stdin.resume();
  return {
    close: () => {
      clearTimeout(sequenceTimer);
      stdin.off('data', onData);
      stdin.off('end', intents.quit);
      modes.leave();
      stdin.pause();
    },
    suspend: () => modes.leave(),
    resume: () => modes.enter(),
  };
}

/** Without cursor movement: `m`, `q` and `?` as lines of their own; any other line is a message. */
export function lineKeyboard(stdin: NodeJS.ReadStream, intents: Intents): Keyboard {
  const readline = createInterface({ input: stdin, terminal: false });
  let talking = false;
  readline.on('line', (line) => {
    intents.awake?.();
    const text = line.trim();
    if (text === 'm') intents.toggleMute();
    else if (text === 'q') intents.quit();
    else if (text === '?') intents.toggleHelp();
    else if (text !== '') intents.send(text);
    else if (line !== '' && intents.talk) intents.talk((talking = !talking));
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
