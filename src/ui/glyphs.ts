/** The few characters beyond ASCII that the screen draws with, and what stands for them where they would be garbled. */

export type Glyphs = {
  /** Before the state in a word. */
  dot: string;
  /** One cell of a meter. */
  full: string;
  empty: string;
  /** Something was left out here. */
  ellipsis: string;
  /** Before the line that is typed. */
  prompt: string;
  note: string;
  /** A line break in the line that is typed. */
  newline: string;
  /** Text of others, as it is to be shown. */
  punctuation: (text: string) => string;
};

export const UNICODE: Glyphs = {
  dot: '●',
  full: '▮',
  empty: '▯',
  ellipsis: '…',
  prompt: '›',
  note: '·',
  newline: '↵',
  punctuation: (text) => text,
};

export const ASCII: Glyphs = {
  dot: '*',
  full: '#',
  empty: '-',
  ellipsis: '...',
  prompt: '>',
  note: '-',
  newline: ' ',
  // Letters stay: many a terminal without a locale is a UTF-8 one, and "caf?" would help nobody.
  punctuation: (text) =>
    text.replace(/[—–]/g, '-').replaceAll('…', '...').replace(/[‘’]/g, "'").replace(/[“”]/g, '"'),
};

/** By the locale, as every program of the system does it; the Linux console's font has no meters either. */
export function glyphsFor(
  environment: NodeJS.ProcessEnv,
  platform: NodeJS.Platform = process.platform,
): Glyphs {
  const { LC_ALL, LC_CTYPE, LANG, TERM } = environment;
  if (TERM === 'dumb' || TERM === 'linux') return ASCII;
  if (platform === 'win32') return UNICODE; // no locale in the environment there
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '') ? UNICODE : ASCII;
}
