/**
 * Where a reply's line is cut when the user breaks in: at the share of its text that matches the share
 * of its sound that was heard, at a word. An estimate, and marked as one.
 */
export function cutAtHeard(text: string, heardMs: number, soundMs: number): string {
  if (soundMs <= 0) return text.trim() === '' ? '—' : `${text.trimEnd()}—`;
  const share = Math.min(1, Math.max(0, heardMs / soundMs));
  if (share === 1) return text;
  const limit = Math.floor(text.length * share);
  // A word counts when it was heard to its end; an ideographic text has no blanks and is cut anywhere.
  const blank = /\s/.test(text[limit] ?? ' ') ? limit : text.slice(0, limit).search(/\s\S*$/);
  const cut = blank >= 0 ? text.slice(0, blank) : /\s/.test(text) ? '' : text.slice(0, limit);
  // Never half a surrogate pair.
  const whole = /[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut;
  return `${whole.replace(/[\s,;:]+$/, '')}—`;
}
