import { describe, expect, it } from 'vitest';
import { problemFrom, problemOf } from './problem';

const answer = (status: number, headers: Record<string, string> = {}) => new Response(null, { status, headers });

describe('problemFrom', () => {
  const cases: [string, unknown, string, string][] = [
    ['Faspex', { message: 'Title is required', status: 'Bad Request', code: 400, error: { code: 'bad_request' } }, 'bad_request', 'Title is required'],
    ['OAuth', { error: 'invalid_grant', error_description: 'The code has expired' }, 'invalid_grant', 'The code has expired'],
    ['node', { error: { user_message: 'No such folder', code: 'not_found' } }, 'not_found', 'No such folder'],
    ['no JSON', null, 'http_400', ''],
    ['another shape', [1, 2], 'http_400', ''],
  ];
  it.each(cases)('%s', (_name, body, code, message) => {
    const got = problemFrom(answer(400, { 'X-Request-Id': 'r-1', 'Retry-After': '7' }), body);
    expect([got.code, got.message, got.status, got.requestId, got.retryAfter]).toEqual([code, message, 400, 'r-1', 7]);
  });
  it('names the fields of a form', () => {
    const got = problemFrom(answer(400), { errors: [{ location: 'body.recipients[0].name', message: 'unknown' }, { location: 'body', message: 'odd' }] });
    expect(got.errors).toEqual([
      { field: 'recipients', message: 'unknown' },
      { field: '', message: 'odd' },
    ]);
  });
});

describe('problemOf', () => {
  it('keeps texts of the browser to itself', () => {
    const got = problemOf(new TypeError('Failed to fetch'));
    expect([got.code, got.message]).toEqual(['unexpected', '']);
  });
});
