/** What follows a refusal or a loss, by its code and words and by what came before it. */
import { describe, expect, it } from 'vitest';
import { Memory } from '../../src/live/memory.ts';
import {
  closeError,
  handshakeError,
  socketError,
  timeoutError,
} from '../../src/live/networkErrors.ts';

const ERRORS = {
  reset: socketError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }), 'host'),
  unavailable: handshakeError(503, ''),
  timeout: timeoutError('host', 15_000, true),
  badKey: handshakeError(401, ''),
};

type Failure = readonly [code: number, reason: string] | keyof typeof ERRORS;
const errorOf = (failure: Failure) =>
  typeof failure === 'string' ? ERRORS[failure] : closeError(...failure);

const INVALID = [1007, 'Request contains an invalid argument.'] as const;
const INTERNAL = [1011, 'Internal error encountered.'] as const;

/** What follows each failure of a setup that shows the handle in hand. */
function recoveries(failures: readonly Failure[]): string[] {
  const memory = new Memory();
  memory.keep('h');
  return failures.map((failure) => memory.afterAttempt(errorOf(failure), memory.handle, 0));
}

describe('a setup with a handle', () => {
  it.each<[Failure, string]>([
    [INVALID, 'fresh'],
    [[1007, ''], 'fresh'],
    [[1007, 'words that nobody knows'], 'fresh'],
    [[1008, 'BidiGenerateContent session expired'], 'fresh'],
    [[1008, 'Requested entity was not found.'], 'fresh'],
    [[1008, 'The operation was aborted.'], 'fresh'],
    [[1008, 'Operation is not implemented, or supported, or enabled.'], 'fresh'],
    [[1008, ''], 'fresh'],
    [INTERNAL, 'resume'],
    [[1000, ''], 'resume'],
    [[1005, ''], 'resume'],
    [[4321, 'words that nobody knows'], 'resume'],
    [[1011, 'You exceeded your current quota'], 'resume'],
    [[1007, 'API key not valid. Please pass a valid API key.'], 'end'],
    [[1008, 'models/X is not found for API version v1beta'], 'end'],
    [[1011, 'Token has been used too many times'], 'end'],
    ['badKey', 'end'],
  ])('that ends with %j: %s', (failure, recovery) => {
    expect(recoveries([failure])).toEqual([recovery]);
  });

  it.each<[Failure]>([
    [INTERNAL],
    [[1000, '']],
    [[1000, 'The operation was cancelled.']],
    [[1005, '']],
  ])('that ends with %j twice is made without it', (failure) => {
    expect(recoveries([failure, failure])).toEqual(['resume', 'fresh']);
  });

  it.each<[Failure]>([
    [[1006, '']],
    [[1001, 'going away']],
    [[1012, '']],
    ['reset'],
    ['unavailable'],
    ['timeout'],
  ])('that ends with %j is made with it again and again', (failure) => {
    expect(recoveries(Array<Failure>(20).fill(failure))).toEqual(Array(20).fill('resume'));
  });

  it('and the one without it is not made again when it is refused, too', () => {
    expect(recoveries([INVALID, INVALID])).toEqual(['fresh', 'end']);
  });

  it('that fails while the server gives a newer handle leaves that one alone', () => {
    const memory = new Memory();
    memory.keep('newer');
    expect(memory.afterAttempt(errorOf(INVALID), 'older', 0)).toBe('resume');
    expect(memory.handle).toBe('newer');
  });
});

/** What follows the loss of a session that was ready, and resumed with its handle. */
function afterLoss(
  memory: Memory,
  failure: Failure,
  { lifeMs = 60_000, isSuspected = false, nowMs = 0 } = {},
): string {
  const loss = { resumedWith: memory.handle, lifeMs, isSuspected };
  return memory.afterLoss(errorOf(failure), loss, nowMs);
}

describe('a session that is lost', () => {
  it.each<[Failure, with_: string, without: string]>([
    [INTERNAL, 'resume', 'resume'],
    [[1006, ''], 'resume', 'resume'],
    [[1005, ''], 'resume', 'resume'],
    [[1000, ''], 'resume', 'end'],
    [[1000, 'The operation was cancelled.'], 'resume', 'resume'],
    [[1008, 'The operation was cancelled.'], 'resume', 'resume'],
    [[1008, 'Operation is not implemented, or supported, or enabled.'], 'resume', 'resume'],
    [INVALID, 'fresh', 'fresh'],
    [[1007, 'API key not valid. Please pass a valid API key.'], 'end', 'end'],
  ])('with %j: with a handle %s, without %s', (failure, withHandle, without) => {
    const memory = new Memory();
    expect(afterLoss(memory, failure)).toBe(without);
    memory.keep('h');
    expect(afterLoss(memory, failure)).toBe(withHandle);
  });

  it('has its handle when what the user said is to blame', () => {
    const memory = new Memory();
    memory.keep('h');
    expect(afterLoss(memory, INVALID, { isSuspected: true })).toBe('resume');
    expect(memory.handle).toBe('h');
  });

  it('soon, three times since the same state, begins again without it', () => {
    const memory = new Memory();
    memory.keep('h');
    const lose = (): string => afterLoss(memory, INTERNAL, { lifeMs: 5_000 });
    expect([lose(), lose(), lose()]).toEqual(['resume', 'resume', 'fresh']);
    memory.keep('h');
    const drop = (): string => afterLoss(memory, [1006, ''], { lifeMs: 5_000 });
    expect([drop(), drop(), drop(), drop()]).toEqual(Array(4).fill('resume'));
  });

  it('without a handle, twice within a minute, does not begin a third time', () => {
    const memory = new Memory();
    expect(afterLoss(memory, INVALID, { nowMs: 0 })).toBe('fresh');
    expect(afterLoss(memory, INVALID, { nowMs: 30_000 })).toBe('end');
    expect(afterLoss(memory, INVALID, { nowMs: 120_000 })).toBe('fresh');
  });
});
