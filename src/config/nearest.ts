/** The word that was probably meant: at most a third of its letters are wrong. */
export function nearest(wanted: string, words: readonly string[]): string | undefined {
  const lower = wanted.toLowerCase().slice(0, 64);
  let best: { word: string; distance: number } | undefined;
  for (const word of words) {
    const distance = editDistance(lower, word.toLowerCase());
    const limit = Math.max(1, Math.floor(Math.max(lower.length, word.length) / 3));
    if (distance <= limit && (!best || distance < best.distance)) best = { word, distance };
  }
  return best?.word;
}

/** Letters inserted, left out, changed, or swapped with their neighbour. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let i = 1; i <= a.length; i += 1) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let distance = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        distance = Math.min(distance, at(i - 2, j - 2) + 1);
      }
      rows[i]?.push(distance);
    }
  }
  return at(a.length, b.length);
}
