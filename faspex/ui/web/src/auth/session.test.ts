import { describe, expect, it } from 'vitest';
import { tokensFrom } from './session';

describe('tokensFrom', () => {
  it('reads an answer', () => {
    expect(tokensFrom({ access_token: 'a', refresh_token: 'r', expires_in: 10 }, 1000)).toEqual({ accessToken: 'a', refreshToken: 'r', expiresAt: 11_000 });
  });
  it('knows that there is no refresh token', () => {
    expect(tokensFrom({ access_token: 'a', refresh_token: 'not_supported' }, 0).refreshToken).toBeNull();
  });
  it.each([null, {}, { access_token: 1 }, 'text'])('refuses %j', (answer) => {
    expect(() => tokensFrom(answer, 0)).toThrow(expect.objectContaining({ code: 'bad_answer' }));
  });
});
