// The mailboxes: where their lists come from, and where they stand in the page.

import { useLocation } from '../navigation/router';

export const boxNames = ['received', 'sent', 'pending', 'history', 'all'] as const;
export type Box = (typeof boxNames)[number];

interface BoxFacts {
  /** The call that lists it; all of them have the same parameters and answers. */
  list: '/api/v5/inbox/packages';
  /** What a row tells of people. */
  people: 'sender' | 'recipients' | 'both';
}

const list = (path: string) => path as BoxFacts['list'];

export const boxes: Record<Box, BoxFacts> = {
  received: { list: list('/api/v5/inbox/packages'), people: 'sender' },
  sent: { list: list('/api/v5/outbox/packages'), people: 'recipients' },
  pending: { list: list('/api/v5/pending/packages'), people: 'recipients' },
  history: { list: list('/api/v5/all/packages'), people: 'both' },
  all: { list: list('/api/v5/packages'), people: 'both' },
};

/** The box that the address names. */
export function useBox(): Box {
  const { pathname } = useLocation();
  return boxNames.find((box) => pathname.startsWith(`/packages/${box}`)) ?? 'received';
}
