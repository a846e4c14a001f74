/** In docs/performance.md and docs/voice.md each bench owns the lines between its two marks. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const DOCS = join(import.meta.dirname, '..', '..', 'docs');

/** @throws Error when the page has no such marks. */
export function replaceSection(page: string, name: string, command: string, text: string): void {
  const path = join(DOCS, page);
  const whole = readFileSync(path, 'utf8');
  const [before, after] = whole.split(new RegExp(`<!-- ${name}:begin[^]*<!-- ${name}:end -->`));
  if (before === undefined || after === undefined)
    throw new Error(`docs/${page} has no section ${name}`);
  const section = `<!-- ${name}:begin (made by ${command}) -->\n\n${text}\n\n<!-- ${name}:end -->`;
  writeFileSync(path, `${before}${section}${after}`);
}
