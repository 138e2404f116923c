// Looking people up: what is offered for a text, and who is meant by one.

import { useCallback, useEffect, useState } from 'react';
import type { ApiClient } from '../api/client';
import { useApi } from '../api/context';
import type { Contact } from '../api/types';
import { useAccount } from '../shell/account';
import type { Kind } from './kinds';
import { contains, exact, outsider, type Recipient } from './people';

const offered = 20;
const delay = 150;

/** What people are looked up for: whom to send to, or, for admins of workgroups, whom to add as a member. */
export type Purpose = 'packages' | 'members';

export interface Suggestions {
  /** The text that they belong to: they may be shown for no other. */
  text: string;
  contacts: Contact[];
  error: unknown;
}

/** Offers people for a text; null until the server has answered for this very text. */
export function useSuggestions(text: string, open: boolean, kinds: readonly Kind[], purpose: Purpose): Suggestions | null {
  const { client } = useApi();
  const { allow_send_to_email: outside } = useAccount();
  const [answer, setAnswer] = useState<Suggestions | null>(null);
  useEffect(() => {
    if (!open) return;
    const abort = new AbortController();
    const timer = window.setTimeout(() => {
      find(client, text, kinds, purpose, offered, abort.signal).then(
        (contacts) => setAnswer({ text, contacts: [...contacts.filter((contact) => contains(contact, text)), ...outsider(contacts, text, outside)], error: null }),
        (error: unknown) => {
          if (!abort.signal.aborted) setAnswer({ text, contacts: [], error });
        },
      );
    }, delay);
    return () => {
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [client, text, open, kinds, purpose, outside]);
  return answer?.text === text && open ? answer : null;
}

/** Says who is meant by a text. */
export function useResolve(kinds: readonly Kind[], purpose: Purpose): (text: string) => Promise<Recipient> {
  const { client } = useApi();
  const { allow_send_to_email: outside } = useAccount();
  return useCallback(
    async (text) => {
      try {
        const contacts = await find(client, text, kinds, purpose, 1000);
        const found = outsider(contacts, text, outside)[0] ?? exact(contacts, text);
        return typeof found === 'string' ? { text, state: found } : { text, state: 'known', contact: found };
      } catch {
        return { text, state: 'unchecked' };
      }
    },
    [client, kinds, purpose, outside],
  );
}

async function find(client: ApiClient, text: string, kinds: readonly Kind[], purpose: Purpose, limit: number, signal?: AbortSignal): Promise<Contact[]> {
  const query = { q: text.trim(), limit, context: purpose, type: [...kinds] };
  const { data } = await client.GET('/api/v5/contacts', { params: { query }, ...(signal ? { signal } : {}) });
  return data?.contacts ?? [];
}
