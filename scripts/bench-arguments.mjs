// The arguments of the benches that have parts: `[PART...] [--NAME N]... [--save]`.
import { parseArgs } from 'node:util';

/**
 * A mistake ends this process with 2.
 * @param {string} command how it is run
 * @param {string[]} parts
 * @param {Record<string, string>} counts options with a whole number, and their defaults
 * @param {Record<string, string>} words options with a word, and what the word is
 */
export function benchArguments(command, parts, counts, words = {}) {
  /** @param {string} what @returns {never} */
  const usage = (what) => {
    const options = [
      ...Object.keys(counts).map((name) => `[--${name} N]`),
      ...Object.entries(words).map(([name, word]) => `[--${name} ${word}]`),
      '[--save]',
    ];
    console.error(
      `error: ${what}\n  try: ${command} -- [${parts.join('|')}]... ${options.join(' ')}`,
    );
    process.exit(2);
  };
  const strings = [
    ...Object.entries(counts).map(([name, value]) => [name, { type: 'string', default: value }]),
    ...Object.keys(words).map((name) => [name, { type: 'string' }]),
  ];
  const read = () => {
    try {
      const options = { ...Object.fromEntries(strings), save: { type: 'boolean' } };
      return parseArgs({ allowPositionals: true, options });
    } catch (error) {
      return usage(error.message);
    }
  };
  const { values, positionals } = read();
  const unknown = positionals.find((part) => !parts.includes(part));
  if (unknown !== undefined) usage(`unknown part "${unknown}"`);
  for (const name of Object.keys(counts)) {
    const count = Number(values[name]);
    if (!(Number.isInteger(count) && count >= 1)) usage(`--${name} is no count: ${values[name]}`);
  }
  // A run of all parts is kept.
  const env = {
    BENCH_SAVE: values.save || positionals.length === 0 ? '1' : '0',
    ...(positionals.length > 0 && { BENCH_PARTS: positionals.join(',') }),
    ...Object.fromEntries(
      Object.keys(counts).map((name) => [`BENCH_${name.toUpperCase()}`, values[name]]),
    ),
  };
  return { values, env, usage };
}
