import { describe, expect, it } from 'vitest';
import { errorMessage } from './errors';

describe('errorMessage', () => {
  const cases: [string, unknown, string][] = [
    ['Faspex', { message: 'Title is required', status: 'Bad Request', code: 400 }, 'Title is required'],
    ['OAuth', { error: 'invalid_grant', error_description: 'The code has expired' }, 'The code has expired'],
    ['OAuth without description', { error: 'invalid_grant' }, 'invalid_grant'],
    ['node', { error: { user_message: 'No such folder', code: 404 } }, 'No such folder'],
    ['not JSON', null, 'The server answered with HTTP 502.'],
    ['empty', { message: '' }, 'The server answered with HTTP 502.'],
  ];
  it.each(cases)('%s', (_name, body, want) => {
    expect(errorMessage(body, 502)).toBe(want);
  });
});
