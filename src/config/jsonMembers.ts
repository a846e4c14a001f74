/** Sets single members of a JSON object in its text, so that the rest of it stays as its author has written it. */

type Span = { from: number; to: number };
type Member = { name: string; key: Span; value: Span };

/** Replaces the last member that `isMeant`, which is the one that counts, or adds one at the end. `text`: a JSON object. */
export function withMember(
  text: string,
  name: string,
  value: string,
  isMeant: (name: string) => boolean,
): string {
  const { members, end } = readObject(text);
  const found = members.findLast((member) => isMeant(member.name));
  const json = JSON.stringify(value);
  if (found) return text.slice(0, found.value.from) + json + text.slice(found.value.to);
  const last = members.at(-1);
  const added = `${JSON.stringify(name)}: ${json}`;
  if (last === undefined) {
    const begin = text.lastIndexOf('{', end);
    return `${text.slice(0, begin)}{\n  ${added}\n}${text.slice(end + 1)}`;
  }
  // The new member stands on a line of its own where the last one does.
  const before = /\n[ \t]*$/.exec(text.slice(0, last.key.from))?.[0] ?? ' ';
  return `${text.slice(0, last.value.to)},${before}${added}${text.slice(last.value.to)}`;
}

/** Takes out every member that `isMeant`, each with one comma. `text`: a JSON object. */
export function withoutMember(text: string, isMeant: (name: string) => boolean): string {
  const { members } = readObject(text);
  const at = members.findLastIndex((member) => isMeant(member.name));
  const found = members[at];
  if (found === undefined) return text;
  const [previous, next] = [members[at - 1], members[at + 1]];
  const from = previous ? previous.value.to : found.key.from;
  const to = previous ? found.value.to : (next?.key.from ?? found.value.to);
  return withoutMember(text.slice(0, from) + text.slice(to), isMeant);
}

const STRING = /"(?:[^"\\]|\\.)*"/y;
const SCALAR = /[^\s,\]}]+/y;
const BLANK = /[\uFEFF\s]*/y;

/** `end`: where its closing brace stands. The text has been parsed before: it is JSON. */
function readObject(text: string): { members: Member[]; end: number } {
  const members: Member[] = [];
  let at = 0;
  const take = (pattern: RegExp): Span => {
    pattern.lastIndex = at;
    const from = at;
    at += pattern.exec(text)?.[0].length ?? 0;
    return { from, to: at };
  };
  const takeValue = (): Span => {
    const from = at;
    let depth = 0;
    do {
      take(BLANK);
      const mark = text[at] ?? '';
      if (mark === '"') take(STRING);
      else if (!'{[}],:'.includes(mark)) take(SCALAR);
      else at += 1;
      if (mark === '{' || mark === '[') depth += 1;
      if (mark === '}' || mark === ']') depth -= 1;
    } while (depth > 0 && at < text.length);
    return { from, to: at };
  };
  take(BLANK);
  at += 1; // the opening brace
  for (take(BLANK); text[at] === '"'; take(BLANK)) {
    const key = take(STRING);
    take(BLANK);
    at += 1; // the colon
    take(BLANK);
    const name = JSON.parse(text.slice(key.from, key.to)) as string;
    members.push({ name, key, value: takeValue() });
    take(BLANK);
    if (text[at] === ',') at += 1;
  }
  return { members, end: at };
}
