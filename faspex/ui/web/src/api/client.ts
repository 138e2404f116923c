// Typed calls of the Faspex API v5. `schema.d.ts` is generated from the server's description of its API; a call that the
// server does not have, or a field of another type, fails the type check.

import createFetchClient, { type Client } from 'openapi-fetch';
import type { Session } from '../auth/session';
import { basePath } from '../config';
import { ApiProblem, problemFrom } from './problem';
import { noteAnswer, noteUnreachable } from './reachable';
import type { paths } from './schema';
import { hasShape } from './shapes';

export type ApiClient = Client<paths>;

export function createClient(session: Session): ApiClient {
  return createFetchClient<paths>({
    baseUrl: basePath,
    fetch: (request) => authorized(session, request),
    headers: { Accept: 'application/json' },
    cache: 'no-store',
  });
}

/** Sends a request with a token, once more with a new one when the first is refused. Throws an ApiProblem for every failure. */
async function authorized(session: Session, request: Request): Promise<Response> {
  const body = request.body === null ? null : await request.clone().arrayBuffer();
  const token = await session.accessToken();
  const known = request.method === 'GET' ? answers.get(request.url) : undefined;
  let response = await attempt(request, body, token, known?.etag);
  if (response.status === 401) response = await attempt(request, body, await session.accessToken(token), known?.etag);
  if (response.status === 304 && known) return answer(known.text, known.headers);
  return checked(request, response);
}

interface Known {
  etag: string;
  text: string;
  headers: Headers;
}

const mostKnown = 50;

/** The last answers that have an ETag: what did not change is not sent again. The browser keeps nothing of them itself. */
const answers = new Map<string, Known>();

function remember(url: string, text: string, headers: Headers): void {
  const etag = headers.get('ETag');
  answers.delete(url);
  if (etag === null) return;
  answers.set(url, { etag, text, headers });
  const oldest = answers.keys().next().value;
  if (answers.size > mostKnown && oldest !== undefined) answers.delete(oldest);
}

async function attempt(request: Request, body: ArrayBuffer | null, token: string, etag?: string): Promise<Response> {
  const headers = new Headers(request.headers);
  headers.set('Authorization', `Bearer ${token}`);
  if (etag !== undefined) headers.set('If-None-Match', etag);
  try {
    const response = await fetch(new Request(request.url, { method: request.method, headers, body, signal: request.signal, cache: 'no-store' }));
    noteAnswer();
    return response;
  } catch (error) {
    if (request.signal.aborted) throw error; // the query library expects the abort itself
    noteUnreachable();
    throw new ApiProblem({ code: 'unreachable' });
  }
}

/** Reads the answer whole, so that what is no JSON, or is cut short, becomes a problem here and not in a component. */
async function checked(request: Request, response: Response): Promise<Response> {
  const requestId = response.headers.get('X-Request-Id');
  let text: string;
  try {
    text = await response.text();
  } catch {
    throw new ApiProblem({ code: 'unreachable', status: response.status, requestId });
  }
  let body: unknown = null;
  let parsed = true;
  try {
    body = JSON.parse(text);
  } catch {
    parsed = false;
  }
  if (!response.ok) throw problemFrom(response, body);
  if (response.status === 204 || response.status === 205) return new Response(null, { status: response.status, headers: response.headers });
  if (!parsed || !hasShape(request.method, request.url, body)) throw new ApiProblem({ code: 'bad_answer', status: response.status, requestId });
  lastRequestId = requestId;
  if (request.method === 'GET') remember(request.url, text, response.headers);
  return answer(text, response.headers, response.status);
}

function answer(text: string, headers: Headers, status = 200): Response {
  return new Response(text, { status, headers: { 'Content-Type': 'application/json', ...forwarded(headers) } });
}

let lastRequestId: string | null = null;

/** Forgets every answer: the next person must not see them. */
export function forgetAnswers(): void {
  answers.clear();
}

/** The id of the last answer: what is told with an error that a component made of it. */
export function lastAnswer(): string | null {
  return lastRequestId;
}

const kept = ['ETag', 'Expires', 'X-Request-Id', 'X-Aspera-Next-Iteration-Token'];

function forwarded(headers: Headers): Record<string, string> {
  return Object.fromEntries(kept.flatMap((name) => (headers.has(name) ? [[name, headers.get(name) ?? '']] : [])));
}
