import { expect, it } from 'vitest';
import { frameError } from '../../src/live/networkErrors.ts';
import { errorIn } from '../../src/protocol/codec.ts';

const errorOf = (error: unknown) => {
  const found = errorIn({ error });
  return found && frameError(found);
};

it.each([
  [
    { code: 429, message: 'You exceeded your current quota', status: 'RESOURCE_EXHAUSTED' },
    'quota',
    7,
  ],
  [{ code: 429, status: 'RESOURCE_EXHAUSTED' }, 'quota', 7],
  [{ code: 429 }, 'quota', 7],
  // The words count before the code.
  [{ code: 400, message: 'API key not valid. Please pass a valid API key.' }, 'credential', 3],
  [{ code: 401, status: 'UNAUTHENTICATED' }, 'credential', 3],
  [{ code: 403, message: 'no', status: 'PERMISSION_DENIED' }, 'credential', 3],
  [{ code: 404, message: 'models/x is not found for API version v1beta' }, 'refusal', 6],
  [{ code: 404, message: 'Requested entity was not found.' }, 'handle', 6],
  [{ code: 400, message: 'Request contains an invalid argument.' }, 'refusal', 6],
  [{ code: 400, message: 'something else' }, 'refusal', 6],
  [{ code: 503, message: 'The service is currently unavailable.' }, 'server', 5],
  [{ code: 500 }, 'server', 5],
  [{}, 'server', 5],
  ['Internal error encountered.', 'server', 5],
])('%j is of the kind %s', (error, kind, exitCode) => {
  expect(errorOf(error)).toMatchObject({ kind, exitCode });
});

it('has the words of the server, its status and its code', () => {
  const error = { code: 429, message: 'Too many.', status: 'RESOURCE_EXHAUSTED' };
  expect(errorOf(error)?.message).toBe(
    'the server sent an error: Too many. (RESOURCE_EXHAUSTED, code 429)',
  );
});

it.each([undefined, null, [], 7])('%j is no error', (error) => {
  expect(errorIn({ error })).toBeUndefined();
});
