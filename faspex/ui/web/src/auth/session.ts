// Session logs a person in by the authorization code grant with PKCE and keeps an access token ready for the API.

import { basePath, type ClientConfig } from '../config';
import { errorMessage } from '../api/errors';
import { challengeOf, randomText } from './pkce';
import { loadTokens, nearlyExpired, saveTokens, tokensFrom, type TokenResponse, type Tokens } from './tokens';

const attemptKey = 'faspex.login';

interface Attempt {
  state: string;
  verifier: string;
  /** Path inside the application to go to after the login. */
  returnTo: string;
}

/** Thrown when the person has to log in again. */
export class LoginRequired extends Error {
  constructor() {
    super('Your session has ended. Sign in again.');
  }
}

export class Session {
  private tokens: Tokens | null;
  private renewal: Promise<Tokens> | null = null;

  constructor(
    private readonly config: ClientConfig,
    private readonly storage: Storage = sessionStorage,
  ) {
    this.tokens = loadTokens(storage);
  }

  get signedIn(): boolean {
    return this.tokens !== null;
  }

  private get redirectUri(): string {
    return new URL(this.config.redirectPath, window.location.origin).href;
  }

  /** Leaves the page for the login form. */
  async begin(returnTo: string): Promise<void> {
    const attempt: Attempt = { state: randomText(), verifier: randomText(), returnTo };
    this.storage.setItem(attemptKey, JSON.stringify(attempt));
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: this.config.clientId,
      redirect_uri: this.redirectUri,
      state: attempt.state,
      code_challenge: await challengeOf(attempt.verifier),
      code_challenge_method: 'S256',
    });
    window.location.assign(`${basePath}/auth/authorize?${query}`);
  }

  /**
   * Finishes a login when the address holds its answer, and says where to go then. Null when the address holds none.
   * The attempt is used up whatever happens, so that a reload cannot replay it.
   */
  async complete(query: URLSearchParams): Promise<string | null> {
    const code = query.get('code');
    const error = query.get('error');
    if (!code && !error) return null;
    const stored = this.storage.getItem(attemptKey);
    this.storage.removeItem(attemptKey);
    if (error) throw new Error(query.get('error_description') ?? error);
    const attempt = stored ? (JSON.parse(stored) as Attempt) : null;
    if (!code || !attempt || attempt.state !== query.get('state')) {
      throw new Error('This login was not started here, or it was used already.');
    }
    await this.request({
      grant_type: 'authorization_code',
      code,
      redirect_uri: this.redirectUri,
      code_verifier: attempt.verifier,
    });
    return attempt.returnTo;
  }

  /** An access token that is valid for at least a minute; `renew` asks for a new one in any case. */
  async accessToken(renew = false): Promise<string> {
    if (!this.tokens) throw new LoginRequired();
    if (!renew && !nearlyExpired(this.tokens, Date.now())) return this.tokens.accessToken;
    const refreshToken = this.tokens.refreshToken;
    if (!refreshToken) return this.end();
    this.renewal ??= this.request({ grant_type: 'refresh_token', refresh_token: refreshToken }).finally(() => {
      this.renewal = null;
    });
    try {
      return (await this.renewal).accessToken;
    } catch (error) {
      if (error instanceof TokenRefused) return this.end();
      throw error;
    }
  }

  private end(): never {
    this.set(null);
    throw new LoginRequired();
  }

  /** Forgets the tokens here, and ends everything that grew from this login at the server. */
  async signOut(): Promise<void> {
    const tokens = this.tokens;
    this.set(null);
    if (!tokens) return;
    const headers = { Authorization: `Bearer ${tokens.accessToken}` };
    // Signed out here even when the server cannot be reached.
    await fetch(`${basePath}/auth/token`, { method: 'DELETE', headers }).catch(() => undefined);
  }

  private set(tokens: Tokens | null): void {
    this.tokens = tokens;
    saveTokens(this.storage, tokens);
  }

  private async request(fields: Record<string, string>): Promise<Tokens> {
    const response = await fetch(`${basePath}/auth/token`, {
      method: 'POST',
      headers: { Accept: 'application/json' },
      body: new URLSearchParams({ client_id: this.config.clientId, ...fields }),
    });
    const answer: unknown = await response.json().catch(() => null);
    if (!response.ok) {
      const message = errorMessage(answer, response.status);
      throw response.status < 500 ? new TokenRefused(message) : new Error(message);
    }
    const tokens = tokensFrom(answer as TokenResponse, Date.now());
    this.set(tokens);
    return tokens;
  }
}

class TokenRefused extends Error {}
