/**
 * A terminal's screen as an SVG in a window's frame. Text stays text. Nothing depends on the font that
 * the reader has: every run of cells is put at its column, and stretched to its width.
 */
import type { Cell, Colour, Grid, Style } from './grid.ts';

export type Theme = {
  foreground: string;
  background: string;
  frame: string;
  /** The title, and the window's buttons. */
  quiet: string;
  /** The terminal's sixteen: black, red, green, yellow, blue, magenta, cyan, white, and their bright ones. */
  palette: readonly string[];
};

/** Every colour has a contrast of at least 4.5 to the background. */
export const THEMES: Record<'dark' | 'light', Theme> = {
  dark: {
    foreground: '#e6edf3',
    background: '#0d1117',
    frame: '#3d444d',
    quiet: '#8b949e',
    palette:
      '#8b949e #ff7b72 #3fb950 #d29922 #58a6ff #bc8cff #39c5cf #b1bac4 #9da5ae #ffa198 #56d364 #e3b341 #79c0ff #d2a8ff #56d4dd #ffffff'.split(
        ' ',
      ),
  },
  light: {
    foreground: '#1f2328',
    background: '#ffffff',
    frame: '#d1d9e0',
    quiet: '#59636e',
    palette:
      '#24292f #cf222e #116329 #7d4e00 #0969da #8250df #1b6f78 #59636e #57606a #a40e26 #1a7f37 #633c01 #0550ae #6639ba #176f77 #4d5560'.split(
        ' ',
      ),
  },
};

const CELL = { width: 8.4, height: 18, fontSize: 14, baseline: 13.5 };
const PADDING = 14;
const BAR = 30;
const FONTS = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace";
/** Of the colour: faint text is drawn this opaque. */
const DIM = 0.72;

export type SvgOptions = {
  /** What the picture shows, for who cannot see it. */
  title: string;
  /** In the window's bar. */
  windowTitle: string;
  theme: Theme;
};

/** @throws RangeError for a colour beyond the sixteen that is not RGB. */
export function svgOf(grid: Grid, { title, windowTitle, theme }: SvgOptions): string {
  const width = round(grid.columns * CELL.width + 2 * PADDING);
  const height = BAR + grid.rows.length * CELL.height + PADDING;
  const buttons = [0, 1, 2].map((i) => `<circle cx="${18 + 16 * i}" cy="15" r="5"/>`).join('');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${FONTS}" font-size="${CELL.fontSize}" fill="${theme.foreground}">`,
    `<title>${escaped(title)}</title>`,
    `<rect x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="8" fill="${theme.background}" stroke="${theme.frame}"/>`,
    `<g fill="${theme.frame}">${buttons}</g>`,
    `<text x="${round(width / 2)}" y="20" font-size="12" text-anchor="middle" fill="${theme.quiet}">${escaped(windowTitle)}</text>`,
    ...grid.rows.flatMap((row, y) => rowOf(row, BAR + y * CELL.height, theme)),
    '</svg>\n',
  ].join('\n');
}

function rowOf(row: readonly Cell[], top: number, theme: Theme): string[] {
  const runs = runsOf(row);
  const boxes = runs.flatMap((run) => {
    const fill = colours(run.style, theme).background;
    if (fill === undefined) return [];
    return `<rect x="${left(run.column)}" y="${top}" width="${round(run.columns * CELL.width)}" height="${CELL.height}" fill="${fill}"/>`;
  });
  const texts = runs.flatMap(pieces).map((run) => textOf(run, top + CELL.baseline, theme));
  return [...boxes, ...texts];
}

type Run = { column: number; columns: number; cells: Cell[]; style: Style };

/** Neighbours that look the same. */
function runsOf(row: readonly Cell[]): Run[] {
  const runs: Run[] = [];
  let column = 0;
  for (const cell of row) {
    const last = runs.at(-1);
    if (last !== undefined && looksLike(last.style, cell)) {
      last.cells.push(cell);
      last.columns += cell.columns;
    } else runs.push({ column, columns: cell.columns, cells: [cell], style: cell });
    column += cell.columns;
  }
  return runs;
}

const looksLike = (a: Style, b: Style): boolean =>
  (['foreground', 'background', 'bold', 'dim', 'inverse', 'underline'] as const).every(
    (name) => a[name] === b[name],
  );

/** Signs come from other fonts than letters do, with other widths: they are stretched by themselves. */
const isSign = ({ text }: Cell): boolean => text > '\u02ff';

/** A run cut between letters and signs, and where two blanks or more are: renderers make one of them. */
function pieces(run: Run): Run[] {
  const found: Run[] = [];
  let column = run.column;
  let blanks: Cell[] = [];
  for (const cell of run.cells) {
    if (cell.text === ' ') blanks.push(cell);
    else {
      const last = found.at(-1);
      const before = last?.cells.at(-1);
      if (last && before && blanks.length < 2 && !isSign(before) && !isSign(cell)) {
        last.cells.push(...blanks, cell);
      } else if (last && before && blanks.length === 0 && isSign(before) && isSign(cell)) {
        last.cells.push(cell);
      } else found.push({ column, columns: 0, cells: [cell], style: run.style });
      blanks = [];
    }
    column += cell.columns;
    const current = found.at(-1);
    if (current && cell.text !== ' ') current.columns = column - current.column;
  }
  return found;
}

/** An element of its own: Firefox stretches no `<tspan>`. */
function textOf({ column, columns, cells, style }: Run, y: number, theme: Theme): string {
  const { foreground } = colours(style, theme);
  const attributes = [
    `x="${left(column)}" y="${y}"`,
    `textLength="${round(columns * CELL.width)}" lengthAdjust="spacingAndGlyphs"`,
    ...(foreground === theme.foreground ? [] : [`fill="${foreground}"`]),
    ...(style.dim ? [`fill-opacity="${DIM}"`] : []),
    ...(style.bold ? ['font-weight="bold"'] : []),
    ...(style.underline ? ['text-decoration="underline"'] : []),
  ];
  return `<text ${attributes.join(' ')}>${escaped(cells.map(({ text }) => text).join(''))}</text>`;
}

function colours(
  style: Style,
  theme: Theme,
): { foreground: string; background: string | undefined } {
  const foreground = named(style.foreground, theme) ?? theme.foreground;
  const background = named(style.background, theme);
  if (!style.inverse) return { foreground, background };
  return { foreground: background ?? theme.background, background: foreground };
}

function named(colour: Colour, { palette }: Theme): string | undefined {
  if (typeof colour !== 'number') return colour;
  const found = palette[colour];
  if (found === undefined) throw new RangeError(`the themes have no colour ${colour}`);
  return found;
}

const round = (value: number): number => Math.round(value * 10) / 10;
const left = (column: number): number => round(PADDING + column * CELL.width);

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
