// The session of this tab. It logs in by the authorization code grant with PKCE and keeps the tokens in memory: nothing of
// them reaches a storage, an address or the history (test/browser: page-58). A new tab, or this one after a reload, gets
// tokens of its own from the login session that the server keeps in a cookie, so no two tabs share a refresh token.

import { ApiProblem, problemFrom } from '../api/problem';
import { basePath, type ClientConfig } from '../config';
import { rememberSignedIn, signedInHere } from './hint';
import { challengeOf, randomText } from './pkce';

const attemptKey = 'faspex.login';
const lockName = 'faspex.renewal';
/** Address inside of the application that asks for no login. */
export const signedOutPath = '/signed-out';

interface Attempt {
  state: string;
  verifier: string;
  /** Path inside the application to go to after the login. */
  returnTo: string;
  /** True when the attempt before was refused, so that no third one is made by itself. */
  again?: boolean;
}

interface Tokens {
  accessToken: string;
  refreshToken: string | null;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** What the start of the page came to. */
export type Start = { kind: 'ready' | 'leaving' | 'signed-out' };

export type EndReason = 'signed-out' | 'ended';

type Message = { type: 'signed-out' } | { type: 'signed-in'; person: string };

/** Address inside of the application. */
export function currentPath(): string {
  const { pathname, search } = window.location;
  return (pathname.startsWith(basePath) ? pathname.slice(basePath.length) : '/') + search;
}

export class Session {
  private tokens: Tokens | null = null;
  private renewal: Promise<string> | null = null;
  private person: string | null = null;
  private readonly channel = new BroadcastChannel('faspex.session');
  private readonly ending = new AbortController();
  /** Aborts when nobody is logged in here any more; at a sign-out, before the server ends the tokens. */
  readonly over = this.ending.signal;
  /** Called once when nobody is logged in here any more. */
  onEnd: (reason: EndReason) => void = () => undefined;

  constructor(private readonly config: ClientConfig) {
    this.channel.onmessage = ({ data }: MessageEvent<Message>) => {
      if (data.type === 'signed-out') this.end('signed-out');
      // Another person has taken over the browser: what is shown here is not theirs.
      else if (this.person !== null && data.person !== this.person) window.location.reload();
    };
  }

  /** Finishes or begins a login. */
  async start(): Promise<Start> {
    const path = currentPath();
    if (path.startsWith(signedOutPath)) return { kind: 'signed-out' };
    const query = new URLSearchParams(window.location.search);
    if (query.has('state') && (query.has('code') || query.has('error'))) return this.complete(query);
    // Where nobody was logged in before, the login form is most likely needed. If the server knows this browser all the same,
    // it sends it back at once.
    if (signedInHere() && (await this.logInSilently())) return { kind: 'ready' };
    await this.leave(path);
    return { kind: 'leaving' };
  }

  /** Leaves the page for the login form. Never returns to it by Back: the page's own entry is replaced. */
  async leave(returnTo: string, again = false): Promise<void> {
    const { url, attempt } = await this.authorization(returnTo);
    sessionStorage.setItem(attemptKey, JSON.stringify({ ...attempt, again } satisfies Attempt));
    window.location.replace(url);
  }

  /** Tells who is logged in, once it is known. */
  belongsTo(person: string): void {
    if (this.person === person) return;
    this.person = person;
    this.channel.postMessage({ type: 'signed-in', person } satisfies Message);
  }

  /** An access token that is valid for at least a minute; `refused` is one that the server does not take any more. */
  async accessToken(refused?: string): Promise<string> {
    const current = this.tokens;
    if (current && current.accessToken !== refused && current.expiresAt - Date.now() > 60_000) return current.accessToken;
    this.renewal ??= navigator.locks
      .request(lockName, () => this.renew())
      .then((token) => token)
      .finally(() => {
        this.renewal = null;
      });
    return this.renewal;
  }

  /** Ends the login here, at the server, and in every other tab. */
  async signOut(): Promise<void> {
    const tokens = this.tokens;
    this.ending.abort();
    this.channel.postMessage({ type: 'signed-out' } satisfies Message);
    if (tokens) {
      const headers = { Authorization: `Bearer ${tokens.accessToken}` };
      // Signed out here even when the server cannot be reached.
      await fetch(`${basePath}/auth/token`, { method: 'DELETE', headers, keepalive: true }).catch(() => undefined);
    }
    this.end('signed-out');
  }

  private end(reason: EndReason): void {
    this.tokens = null;
    this.ending.abort();
    if (reason === 'signed-out') rememberSignedIn(false);
    this.onEnd(reason);
  }

  private async renew(): Promise<string> {
    const refreshToken = this.tokens?.refreshToken;
    if (refreshToken) {
      try {
        return await this.request({ grant_type: 'refresh_token', refresh_token: refreshToken });
      } catch (error) {
        if (!isRefusal(error)) throw error;
      }
    }
    if (await this.logInSilently()) {
      if (this.person !== null && (await this.whoIs()) !== this.person) window.location.reload();
      if (this.tokens) return this.tokens.accessToken;
    }
    this.end('ended');
    throw new ApiProblem({ code: 'session_ended', status: 401 });
  }

  private async whoIs(): Promise<unknown> {
    const headers = { Authorization: `Bearer ${this.tokens?.accessToken}`, Accept: 'application/json' };
    const response = await fetch(`${basePath}/api/v5/account`, { headers, cache: 'no-store' });
    const answer = (await response.json().catch(() => null)) as { id?: unknown } | null;
    return answer?.id;
  }

  /**
   * Gets tokens without leaving the page, when the server still has a login session for this browser: it then answers the
   * request for authorization with a redirect to this page, whose address holds the code, or the word that there is none.
   */
  private async logInSilently(): Promise<boolean> {
    const { url, attempt } = await this.authorization('');
    const response = await fetch(`${url}&prompt=none`, { credentials: 'same-origin', cache: 'no-store' }).catch(() => {
      throw new ApiProblem({ code: 'unreachable' });
    });
    const answer = new URL(response.url).searchParams;
    await response.body?.cancel();
    const code = answer.get('code');
    if (!response.redirected || !code || answer.get('state') !== attempt.state) return false;
    try {
      await this.redeem(code, attempt.verifier);
      return true;
    } catch (error) {
      if (isRefusal(error)) return false;
      throw error;
    }
  }

  private async authorization(returnTo: string): Promise<{ url: string; attempt: Attempt }> {
    const attempt: Attempt = { state: randomText(), verifier: randomText(), returnTo };
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: this.config.clientId,
      redirect_uri: this.redirectUri,
      state: attempt.state,
      code_challenge: await challengeOf(attempt.verifier),
      code_challenge_method: 'S256',
    });
    return { url: `${basePath}/auth/authorize?${query}`, attempt };
  }

  private get redirectUri(): string {
    return new URL(this.config.redirectPath, window.location.origin).href;
  }

  /**
   * Finishes a login whose answer is in the address. An answer to a login that this tab did not begin is never redeemed: the
   * login begins anew, and a live session at the server ends it at once.
   */
  private async complete(query: URLSearchParams): Promise<Start> {
    const attempt = takeAttempt();
    const ours = attempt !== null && attempt.state === query.get('state');
    const returnTo = ours ? attempt.returnTo : '/';
    window.history.replaceState(null, '', basePath + returnTo);
    const code = query.get('code');
    if (ours && code) {
      try {
        await this.redeem(code, attempt.verifier);
        return { kind: 'ready' };
      } catch (error) {
        if (!isRefusal(error) || attempt.again) throw error;
      }
    } else if (ours) {
      throw new ApiProblem({ code: query.get('error') ?? 'unexpected', message: query.get('error_description') ?? '' });
    }
    await this.leave(returnTo, true);
    return { kind: 'leaving' };
  }

  private redeem(code: string, verifier: string): Promise<string> {
    return this.request({ grant_type: 'authorization_code', code, redirect_uri: this.redirectUri, code_verifier: verifier });
  }

  private async request(fields: Record<string, string>): Promise<string> {
    const response = await fetch(`${basePath}/auth/token`, {
      method: 'POST',
      headers: { Accept: 'application/json' },
      cache: 'no-store',
      body: new URLSearchParams({ client_id: this.config.clientId, ...fields }),
    }).catch(() => {
      throw new ApiProblem({ code: 'unreachable' });
    });
    const answer: unknown = await response.json().catch(() => null);
    if (!response.ok) throw problemFrom(response, answer);
    this.tokens = tokensFrom(answer, Date.now());
    rememberSignedIn(true);
    return this.tokens.accessToken;
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof ApiProblem && error.status >= 400 && error.status < 500 && error.status !== 429;
}

/** The attempt that this tab began; it is used up whatever happens, so that a reload cannot replay it. */
function takeAttempt(): Attempt | null {
  const stored = sessionStorage.getItem(attemptKey);
  sessionStorage.removeItem(attemptKey);
  try {
    return stored ? (JSON.parse(stored) as Attempt) : null;
  } catch {
    return null;
  }
}

const defaultLifetimeSeconds = 600;

/** The server writes `not_supported` where it gives no refresh token. */
export function tokensFrom(answer: unknown, now: number): Tokens {
  const { access_token: access, refresh_token: refresh, expires_in: lifetime } = (answer ?? {}) as Record<string, unknown>;
  if (typeof access !== 'string' || access === '') throw new ApiProblem({ code: 'bad_answer' });
  return {
    accessToken: access,
    refreshToken: typeof refresh === 'string' && refresh !== '' && refresh !== 'not_supported' ? refresh : null,
    expiresAt: now + (typeof lifetime === 'number' ? lifetime : defaultLifetimeSeconds) * 1000,
  };
}
