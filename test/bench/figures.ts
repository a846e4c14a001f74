/** Medians, spreads and tables: how the bench reports what it measured. */

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}

/** Median and interquartile range: `41.2 (40.8–42.0)`. */
export function spread(values: readonly number[], digits = 1): string {
  const [low, high] = [quantile(values, 0.25), quantile(values, 0.75)];
  return `${median(values).toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
}

/** Round by round, so that what both share in a round falls out: NaN where there is nothing to compare. */
const ratios = (values: readonly number[], baseline: readonly number[]): number[] =>
  values.map((value, i) => value / (baseline[i] ?? Number.NaN));

export const medianRatio = (values: readonly number[], baseline: readonly number[]): number =>
  median(ratios(values, baseline));

/** Median and range: `1.23× (1.20–1.31)`. */
export function ratioAndRange(values: readonly number[], baseline: readonly number[]): string {
  const all = ratios(values, baseline);
  return `${median(all).toFixed(2)}× (${Math.min(...all).toFixed(2)}–${Math.max(...all).toFixed(2)})`;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
