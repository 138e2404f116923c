// The Faspex API v5 as the page uses it.

import { basePath } from '../config';
import { LoginRequired, type Session } from '../auth/session';
import { ApiError, errorMessage } from './errors';
import type { Account, Contact, FileItem, Package, PackageList, RecipientType, TransferSpec, UploadDetails } from './types';

export type Box = 'received' | 'sent';

const boxPaths: Record<Box, string> = { received: 'inbox', sent: 'outbox' };

export interface PackageQuery {
  limit: number;
  offset: number;
  q: string;
}

export interface FilePage {
  items: FileItem[];
  /** Present when there are more files in the folder. */
  next: string | null;
}

export interface NewPackage {
  title: string;
  note?: string;
  recipients: { name: string; recipient_type: RecipientType }[];
}

interface Call {
  method?: string;
  query?: Record<string, string | number | string[]>;
  body?: unknown;
  signal?: AbortSignal | undefined;
}

export class Api {
  constructor(private readonly session: Session) {}

  account(signal?: AbortSignal): Promise<Account> {
    return this.json('account', { signal });
  }

  packages(box: Box, query: PackageQuery, signal?: AbortSignal): Promise<PackageList> {
    const { limit, offset, q } = query;
    return this.json(`${boxPaths[box]}/packages`, { query: q ? { limit, offset, q } : { limit, offset }, signal });
  }

  package(id: string, signal?: AbortSignal): Promise<Package> {
    return this.json(`packages/${encodeURIComponent(id)}`, { signal });
  }

  uploadDetails(id: string, signal?: AbortSignal): Promise<UploadDetails> {
    return this.json(`packages/${encodeURIComponent(id)}/upload_details`, { signal });
  }

  async files(id: string, box: Box, path: string, iterationToken: string | null, signal?: AbortSignal): Promise<FilePage> {
    const query: Record<string, string | number> = { per_page: 200 };
    if (iterationToken) query['iteration_token'] = iterationToken;
    const response = await this.send(`packages/${encodeURIComponent(id)}/files/${box}/page`, {
      method: 'POST',
      query,
      body: { path },
      signal,
    });
    const answer = (await response.json()) as { items?: FileItem[] };
    return { items: answer.items ?? [], next: response.headers.get('X-Aspera-Next-Iteration-Token') };
  }

  async contacts(q: string, signal?: AbortSignal): Promise<Contact[]> {
    const answer = await this.json<{ contacts?: Contact[] }>('contacts', {
      query: { context: 'packages', limit: 20, q, 'type[]': ['user', 'workgroup', 'shared_inbox', 'external_user'] },
      signal,
    });
    return answer.contacts ?? [];
  }

  createPackage(input: NewPackage): Promise<Package> {
    return this.json('packages', { method: 'POST', body: input });
  }

  async deletePackage(id: string): Promise<void> {
    await this.send('packages', { method: 'DELETE', body: { ids: [id] } });
  }

  uploadSpec(id: string, paths: string[]): Promise<TransferSpec> {
    return this.json(`packages/${encodeURIComponent(id)}/transfer_spec/upload`, {
      method: 'POST',
      query: { transfer_type: 'connect' },
      body: { paths },
    });
  }

  downloadSpec(id: string, box: Box): Promise<TransferSpec> {
    return this.json(`packages/${encodeURIComponent(id)}/transfer_spec/download`, {
      method: 'POST',
      query: { type: box, transfer_type: 'connect' },
      body: {},
    });
  }

  private async json<T>(path: string, call: Call): Promise<T> {
    return (await (await this.send(path, call)).json()) as T;
  }

  /** Sends a request, once more with a new token when the first is refused, and turns every other failure into an ApiError. */
  private async send(path: string, call: Call): Promise<Response> {
    let response = await this.attempt(path, call, await this.session.accessToken());
    if (response.status === 401) {
      response = await this.attempt(path, call, await this.session.accessToken(true));
      if (response.status === 401) throw new LoginRequired();
    }
    if (!response.ok) {
      throw new ApiError(errorMessage(await response.json().catch(() => null), response.status), response.status);
    }
    return response;
  }

  private attempt(path: string, call: Call, token: string): Promise<Response> {
    const headers: Record<string, string> = { Accept: 'application/json', Authorization: `Bearer ${token}` };
    const init: RequestInit = { method: call.method ?? 'GET', headers };
    if (call.body !== undefined) {
      headers['Content-Type'] = 'application/json';
      init.body = JSON.stringify(call.body);
    }
    if (call.signal) init.signal = call.signal;
    return fetch(`${basePath}/api/v5/${path}${queryText(call.query)}`, init);
  }
}

/** A list becomes a repeated key. */
export function queryText(query: Call['query']): string {
  if (!query) return '';
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const item of Array.isArray(value) ? value : [value]) params.append(name, String(item));
  }
  return `?${params}`;
}
