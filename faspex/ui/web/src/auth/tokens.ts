// The tokens of this browser tab. They live in sessionStorage, so they survive a reload and end with the tab.

export interface Tokens {
  accessToken: string;
  refreshToken: string | null;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

export interface TokenResponse {
  access_token?: string;
  refresh_token?: string;
  expires_in?: number;
}

const storageKey = 'faspex.tokens';
const defaultLifetimeSeconds = 600;

/** The server writes `not_supported` where it gives no refresh token. */
export function tokensFrom(response: TokenResponse, now: number): Tokens {
  if (!response.access_token) throw new Error('the server sent no access token');
  const refreshToken = response.refresh_token;
  return {
    accessToken: response.access_token,
    refreshToken: refreshToken && refreshToken !== 'not_supported' ? refreshToken : null,
    expiresAt: now + (response.expires_in ?? defaultLifetimeSeconds) * 1000,
  };
}

/** True when the access token ends within a minute. */
export function nearlyExpired(tokens: Tokens, now: number): boolean {
  return tokens.expiresAt - now < 60_000;
}

export function loadTokens(storage: Storage): Tokens | null {
  const text = storage.getItem(storageKey);
  if (!text) return null;
  try {
    const tokens = JSON.parse(text) as Partial<Tokens>;
    if (typeof tokens.accessToken !== 'string' || typeof tokens.expiresAt !== 'number') return null;
    return { accessToken: tokens.accessToken, refreshToken: tokens.refreshToken ?? null, expiresAt: tokens.expiresAt };
  } catch {
    return null;
  }
}

export function saveTokens(storage: Storage, tokens: Tokens | null): void {
  if (tokens) storage.setItem(storageKey, JSON.stringify(tokens));
  else storage.removeItem(storageKey);
}
