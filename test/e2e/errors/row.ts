/**
 * What goes wrong between gemlive and a Live server, and what the user is told. Written by hand from the
 * reference of the wire and the contract of the command line, not from src/.
 */
import type * as place from '../../support/failingPlaces.ts';

export const KEY = 'AIzaSyD-very-secret-key-0123456789abcdef';

export type ErrorRow = {
  name: string;
  at: () => Promise<place.FailingPlace>;
  exit: 3 | 5 | 6 | 7;
  /** Of the `error` event. */
  code: string;
  /** The server's own words, which the first line holds unbroken. */
  words?: string;
  /** What the three lines say beside that. */
  says: RegExp;
  /** Connections that are made; default: one. */
  tries?: number;
  env?: Record<string, string>;
  nodeArgs?: readonly string[];
};

export type Options = Partial<Pick<ErrorRow, 'tries' | 'words'>>;

export const row = (
  name: string,
  at: ErrorRow['at'],
  exit: ErrorRow['exit'],
  code: string,
  says: RegExp,
  rest: Partial<ErrorRow> = {},
): ErrorRow => ({ name, at, exit, code, says, ...rest });

/** Tried again before it is believed. */
export const AGAIN = { tries: 3 };
