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

/** Of medians: `1.23×`. */
export function ratio(values: readonly number[], baseline: readonly number[]): string {
  const value = median(values) / median(baseline);
  return Number.isFinite(value) ? `${value.toFixed(2)}×` : '–';
}

/** The median of the ratios round by round: what both share in a round falls out. */
export function pairedRatio(values: readonly number[], baseline: readonly number[]): string {
  const ratios = values.map((value, i) => value / (baseline[i] ?? Number.NaN));
  return `${median(ratios).toFixed(2)}× (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
