/**
 * Text from the network, made fit for a terminal: escape sequences cannot move the cursor, set a title,
 * or hide what follows. What was there stays visible as Unicode's pictures of control characters.
 */

// C0 without tab and newline, DEL, C1, the line and paragraph separators, and the characters that
// reorder what is shown.
const HARMFUL = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u2028\u2029\u202A-\u202E]/g;

/** Keeps newlines and tabs. */
export function harmless(text: string): string {
  return text.replace(HARMFUL, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? '\u2421' : '\uFFFD';
  });
}

/** For messages that have one line: line breaks become spaces. */
export function oneLine(text: string): string {
  return harmless(text.replace(/\s*[\r\n\u2028\u2029]+\s*/g, ' ').replaceAll('\t', ' ')).trim();
}

/** A secret as it may be shown: its last four characters at most. */
export function masked(secret: string): string {
  return secret.length >= 12 ? `…${secret.slice(-4)}` : '…';
}

/**
 * Takes secrets out of words that others chose, such as a server's reason that quotes the key. Very
 * short ones stay: they would tear ordinary words apart.
 */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce(
    (rest, secret) => (secret.length < 8 ? rest : rest.replaceAll(secret, masked(secret))),
    text,
  );
}
