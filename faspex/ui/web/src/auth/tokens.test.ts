import { describe, expect, it } from 'vitest';
import { loadTokens, nearlyExpired, saveTokens, tokensFrom } from './tokens';

class MemoryStorage implements Storage {
  private values = new Map<string, string>();
  get length() {
    return this.values.size;
  }
  clear() {
    this.values.clear();
  }
  getItem(key: string) {
    return this.values.get(key) ?? null;
  }
  key(index: number) {
    return [...this.values.keys()][index] ?? null;
  }
  removeItem(key: string) {
    this.values.delete(key);
  }
  setItem(key: string, value: string) {
    this.values.set(key, value);
  }
}

describe('tokens', () => {
  it('reads a token response', () => {
    expect(tokensFrom({ access_token: 'a', refresh_token: 'r', expires_in: 10 }, 1000)).toEqual({
      accessToken: 'a',
      refreshToken: 'r',
      expiresAt: 11_000,
    });
    expect(tokensFrom({ access_token: 'a', refresh_token: 'not_supported' }, 0).refreshToken).toBeNull();
    expect(() => tokensFrom({}, 0)).toThrow('no access token');
  });
  it('renews in the last minute', () => {
    const tokens = { accessToken: 'a', refreshToken: null, expiresAt: 100_000 };
    expect(nearlyExpired(tokens, 40_000)).toBe(false);
    expect(nearlyExpired(tokens, 40_001)).toBe(true);
  });
  it('survives a reload and ignores what it did not write', () => {
    const storage = new MemoryStorage();
    const tokens = { accessToken: 'a', refreshToken: 'r', expiresAt: 5 };
    saveTokens(storage, tokens);
    expect(loadTokens(storage)).toEqual(tokens);
    storage.setItem('faspex.tokens', '{"accessToken":1}');
    expect(loadTokens(storage)).toBeNull();
    storage.setItem('faspex.tokens', '{');
    expect(loadTokens(storage)).toBeNull();
    saveTokens(storage, null);
    expect(storage.length).toBe(0);
  });
});
