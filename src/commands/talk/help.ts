/** What the help panel says about the keys of `talk`. */

export type KeysOptions = {
  /** Keys are read one by one; else line by line. */
  raw: boolean;
  ptt: boolean;
  /** The terminal tells when a key is let go. */
  holds: boolean;
};

export function keysHelp({ raw, ptt, holds }: KeysOptions): readonly string[] {
  if (!raw) {
    return [
      'Each with Enter:',
      ...(ptt ? ['Space    talk, and once more when you are done'] : []),
      '         stop the reply now (an empty line)',
      'm        mute and unmute',
      '?        this help',
      'q        quit; Ctrl+C and Ctrl+D too',
      'a line   is sent as a message',
    ];
  }
  const space = holds
    ? 'Space  hold to talk, or tap to begin and to end'
    : 'Space  talk, and once more when you are done';
  return [
    ...(ptt ? [space] : []),
    'm      mute and unmute',
    'Esc    stop the reply now',
    'Enter  type a message, Enter sends it',
    '?      this help',
    'q      quit; Ctrl+C and Ctrl+D too',
  ];
}
