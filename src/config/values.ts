/** How the text of a setting becomes a value, and what is allowed, in words for errors and help. */
import { LANGUAGES } from '../protocol/voices.ts';

export type ValueKind<T> = {
  /** Completes "it takes …". */
  readonly allowed: string;
  /** Words to choose from, for suggestions. */
  readonly choices?: readonly string[];
  /** Numbers and words that can name neither a program, a file nor a host: a `.env` may set them. */
  readonly plain: boolean;
  /** On the command line it stands alone, without a value. */
  readonly isSwitch?: true;
  /** May be given several times; `read` gets one at a time and the values are joined. */
  readonly repeatable?: true;
  /** Undefined: not allowed. */
  read(text: string): T | undefined;
};

const ON = ['1', 'true', 'yes', 'on'];
const OFF = ['0', 'false', 'no', 'off'];

export const SWITCH: ValueKind<boolean> = {
  allowed: '1 or 0 (also true, false, yes, no, on, off)',
  plain: true,
  isSwitch: true,
  read(text) {
    const word = text.trim().toLowerCase();
    if (ON.includes(word)) return true;
    return OFF.includes(word) ? false : undefined;
  },
};

export function choice<const T extends string>(...choices: readonly T[]): ValueKind<T> {
  const last = choices.at(-1);
  return {
    allowed: `${choices.slice(0, -1).join(', ')} or ${last}`,
    choices,
    plain: true,
    read: (text) => choices.find((word) => word === text.trim().toLowerCase()),
  };
}

const range = (min: number, max: number): string => {
  if (max === Number.MAX_SAFE_INTEGER) return `${min} or more`;
  return `from ${min} to ${max}`;
};

export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): ValueKind<number> {
  return {
    allowed: `a whole number, ${range(min, max)}`,
    plain: true,
    read(text) {
      if (!/^\s*[+-]?\d{1,16}\s*$/.test(text)) return undefined;
      const value = Number(text);
      return value >= min && value <= max ? value : undefined;
    },
  };
}

const NUMBER = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;

export function number(min: number, max: number): ValueKind<number> {
  return {
    allowed: `a number ${range(min, max)}`,
    plain: true,
    read(text) {
      const value = NUMBER.test(text) ? Number(text) : Number.NaN;
      return value >= min && value <= max ? value : undefined;
    },
  };
}

/** More than nothing, at most a day: what timers and people can take. */
export const SECONDS: ValueKind<number> = {
  allowed: 'a number of seconds, more than 0 and at most 86400',
  plain: true,
  read(text) {
    const value = NUMBER.test(text) ? Number(text) : Number.NaN;
    return value > 0 && value <= 86_400 ? value : undefined;
  },
};

/** The life of a token. */
export const TOKEN_SECONDS: ValueKind<number> = {
  allowed: 'a number of seconds, more than 0 and at most 72000 (20 hours)',
  plain: true,
  read(text) {
    const value = SECONDS.read(text);
    return value !== undefined && value <= 72_000 ? value : undefined;
  },
};

export const SECONDS_OR_NEVER: ValueKind<number> = {
  allowed: 'a number of seconds, at most 86400; 0 for never',
  plain: true,
  read: (text) => number(0, 86_400).read(text),
};

const LEVELS = choice('minimal', 'low', 'medium', 'high', 'off');
const BUDGET = integer(-1, 1_000_000);

export const THINKING: ValueKind<'minimal' | 'low' | 'medium' | 'high' | 'off' | number> = {
  allowed: 'minimal, low, medium, high, off or a number of tokens (-1: as the model likes)',
  choices: LEVELS.choices ?? [],
  plain: true,
  read: (text) => LEVELS.read(text) ?? BUDGET.read(text),
};

/** A language that exists, in canonical spelling: `DE-de` → `de-DE`. */
export const LANGUAGE: ValueKind<string> = {
  allowed: 'a BCP-47 language code, such as en, de-DE or pt-BR',
  plain: true,
  read(text) {
    try {
      const [tag] = Intl.getCanonicalLocales(text.trim().replaceAll('_', '-'));
      if (tag === undefined) return undefined;
      // Well-formed is not enough: "english" is, too.
      return languageName(tag) === undefined && !LANGUAGES.includes(tag) ? undefined : tag;
    } catch {
      return undefined;
    }
  },
};

/** The English name of a language: `de-AT` → "Austrian German"; undefined for one nobody knows. */
export function languageName(tag: string): string | undefined {
  return new Intl.DisplayNames(['en'], { type: 'language', fallback: 'none' }).of(tag);
}

/** A name made of letters, digits and a few marks. */
function word(allowed: string, pattern: RegExp): ValueKind<string> {
  return {
    allowed,
    plain: true,
    read(text) {
      const value = text.trim();
      return pattern.test(value) ? value : undefined;
    },
  };
}

export const MODEL_NAME = word(
  'the name of a model: letters, digits, and . - _ / :',
  /^[A-Za-z0-9][A-Za-z0-9._/:-]{0,199}$/,
);
export const VOICE_NAME = word('the name of a voice', /^[A-Za-z][A-Za-z0-9_-]{0,99}$/);

/** A place of Google's: nothing that could name a host of somebody else. */
export const LOCATION: ValueKind<string> = {
  allowed: 'a location of Google Cloud, such as us-central1, global, us or eu',
  plain: false,
  read(text) {
    const value = text.trim();
    return /^[a-z0-9-]{1,63}$/.test(value) ? value : undefined;
  },
};

export const PROJECT: ValueKind<string> = {
  allowed: 'the id or the number of a Google Cloud project',
  plain: false,
  read(text) {
    const value = text.trim();
    return /^[a-z0-9][a-z0-9.:-]{0,127}$/.test(value) ? value : undefined;
  },
};

/** Free text. Empty is a value: it takes back what a weaker layer has set. */
export const TEXT: ValueKind<string> = {
  allowed: 'text',
  plain: false,
  read: (text) => text,
};

/** Names a program, a device, a host or a file: never from a `.env`. */
export function named(allowed: string): ValueKind<string> {
  return {
    allowed,
    plain: false,
    read: (text) => (text.trim() === '' || text.includes('\0') ? undefined : text),
  };
}

export const PATH = named('the path of a file');

export const PATHS: ValueKind<readonly string[]> = {
  allowed: PATH.allowed,
  plain: false,
  repeatable: true,
  read(text) {
    const path = PATH.read(text);
    return path === undefined ? undefined : [path];
  },
};

/** Several names: repeated, or with commas between them. */
export function names(allowed: string): ValueKind<readonly string[]> {
  const one = named(allowed);
  return {
    allowed,
    plain: false,
    repeatable: true,
    read(text) {
      const read = text.split(',').map((name) => one.read(name.trim()));
      return read.includes(undefined) ? undefined : (read as string[]);
    },
  };
}
