/** What a terminal shows: a stream of bytes → rows of cells with their colours, by xterm.js. */
import xterm from '@xterm/headless';
import type { IBufferCell } from '@xterm/headless';

/** A colour of the terminal's sixteen, `#rrggbb`, or undefined for the terminal's own. */
export type Colour = number | string | undefined;

export type Style = {
  foreground: Colour;
  background: Colour;
  bold: boolean;
  dim: boolean;
  inverse: boolean;
  underline: boolean;
};

/** `text` is one grapheme, a blank where nothing was written; `columns` is 2 for wide characters. */
export type Cell = Style & { text: string; columns: number };

export type Grid = { columns: number; rows: Cell[][] };

export class Screen {
  readonly #terminal: InstanceType<typeof xterm.Terminal>;

  constructor(columns: number, rows: number) {
    this.#terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  }

  /** Settles when the screen shows it. */
  write(output: string): Promise<void> {
    return new Promise((resolve) => this.#terminal.write(output, resolve));
  }

  get grid(): Grid {
    const { active } = this.#terminal.buffer;
    const rows = Array.from({ length: this.#terminal.rows }, (_none, y) => {
      const line = active.getLine(active.baseY + y);
      const cells: Cell[] = [];
      for (let x = 0; x < this.#terminal.cols; x++) {
        const cell = line?.getCell(x);
        // The second half of a wide character has no width of its own.
        if (cell !== undefined && cell.getWidth() > 0) cells.push(cellOf(cell));
      }
      return cells;
    });
    return { columns: this.#terminal.cols, rows };
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows);
  }

  close(): void {
    this.#terminal.dispose();
  }
}

function cellOf(cell: IBufferCell): Cell {
  return {
    text: cell.getChars() || ' ',
    columns: cell.getWidth(),
    foreground: colour(cell.isFgDefault(), cell.isFgRGB(), cell.getFgColor()),
    background: colour(cell.isBgDefault(), cell.isBgRGB(), cell.getBgColor()),
    bold: cell.isBold() !== 0,
    dim: cell.isDim() !== 0,
    inverse: cell.isInverse() !== 0,
    underline: cell.isUnderline() !== 0,
  };
}

function colour(isDefault: boolean, isRgb: boolean, value: number): Colour {
  if (isDefault) return undefined;
  return isRgb ? `#${value.toString(16).padStart(6, '0')}` : value;
}

/** As text, without blanks at the ends of rows. */
export function textOf({ rows }: Grid): string {
  return rows
    .map((row) =>
      row
        .map(({ text }) => text)
        .join('')
        .trimEnd(),
    )
    .join('\n');
}

/** Without the empty rows at its bottom. */
export function cropped(grid: Grid): Grid {
  const last = grid.rows.findLastIndex((row) =>
    row.some((cell) => cell.text !== ' ' || cell.inverse || cell.background !== undefined),
  );
  return { ...grid, rows: grid.rows.slice(0, last + 1) };
}
