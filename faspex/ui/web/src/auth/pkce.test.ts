import { describe, expect, it } from 'vitest';
import { base64url, challengeOf, randomText } from './pkce';

describe('pkce', () => {
  it('matches the example of RFC 7636, appendix B', async () => {
    expect(await challengeOf('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk')).toBe('E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM');
  });
  it('uses the alphabet of URLs without padding', () => {
    expect(base64url(new Uint8Array([0xfb, 0xff, 0xfe, 0x01]))).toBe('-__-AQ');
  });
  it('makes verifiers of the required length that differ', () => {
    expect(randomText()).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(randomText()).not.toBe(randomText());
  });
});
