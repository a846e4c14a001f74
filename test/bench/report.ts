/** docs/performance.md: each bench owns the lines between its two marks. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PATH = join(import.meta.dirname, '..', '..', 'docs', 'performance.md');

/** @throws Error when the file has no such marks. */
export function replaceSection(name: string, command: string, text: string): void {
  const whole = readFileSync(PATH, 'utf8');
  const [before, after] = whole.split(new RegExp(`<!-- ${name}:begin[^]*<!-- ${name}:end -->`));
  if (before === undefined || after === undefined)
    throw new Error(`docs/performance.md has no section ${name}`);
  const section = `<!-- ${name}:begin (made by ${command}) -->\n\n${text}\n\n<!-- ${name}:end -->`;
  writeFileSync(PATH, `${before}${section}${after}`);
}
