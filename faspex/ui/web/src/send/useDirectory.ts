// Looking people up: what is offered for a text, and who is meant by one.

import { useCallback, useEffect, useState } from 'react';
import type { ApiClient } from '../api/client';
import { useApi } from '../api/context';
import type { Contact } from '../api/types';
import { contains, exact, type Recipient } from './people';

const offered = 20;
const delay = 150;

export interface Suggestions {
  /** The text that they belong to: they may be shown for no other. */
  text: string;
  contacts: Contact[];
  error: unknown;
}

/** Offers people for a text; null until the server has answered for this very text. */
export function useSuggestions(text: string, open: boolean): Suggestions | null {
  const { client } = useApi();
  const [answer, setAnswer] = useState<Suggestions | null>(null);
  useEffect(() => {
    if (!open) return;
    const abort = new AbortController();
    const timer = window.setTimeout(() => {
      find(client, text, offered, abort.signal).then(
        (contacts) => setAnswer({ text, contacts: contacts.filter((contact) => contains(contact, text)), error: null }),
        (error: unknown) => {
          if (!abort.signal.aborted) setAnswer({ text, contacts: [], error });
        },
      );
    }, delay);
    return () => {
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [client, text, open]);
  return answer?.text === text && open ? answer : null;
}

/** Says who is meant by a text. */
export function useResolve(): (text: string) => Promise<Recipient> {
  const { client } = useApi();
  return useCallback(
    async (text) => {
      try {
        const found = exact(await find(client, text, 1000), text);
        return typeof found === 'string' ? { text, state: found } : { text, state: 'known', contact: found };
      } catch {
        return { text, state: 'unchecked' };
      }
    },
    [client],
  );
}

async function find(client: ApiClient, text: string, limit: number, signal?: AbortSignal): Promise<Contact[]> {
  const query = { q: text.trim(), limit, context: 'packages' };
  const { data } = await client.GET('/api/v5/contacts', { params: { query }, ...(signal ? { signal } : {}) });
  return data?.contacts ?? [];
}
