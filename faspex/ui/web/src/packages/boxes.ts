// The mailboxes: where their lists come from, and where they stand in the page.

import { useLocation } from '../navigation/router';

export const boxNames = ['received', 'all-received', 'sent', 'pending', 'history', 'all'] as const;
export type Box = (typeof boxNames)[number];

/** What a row tells of people. */
export type PeopleShown = 'sender' | 'recipients' | 'both';

interface BoxFacts {
  /** The call that lists it; all of them have the same parameters and answers. */
  list: '/api/v5/inbox/packages';
  people: PeopleShown;
}

const list = (path: string) => path as BoxFacts['list'];

export const boxes: Record<Box, BoxFacts> = {
  received: { list: list('/api/v5/inbox/packages'), people: 'sender' },
  'all-received': { list: list('/api/v5/inbox_all/packages'), people: 'both' },
  sent: { list: list('/api/v5/outbox/packages'), people: 'recipients' },
  pending: { list: list('/api/v5/pending/packages'), people: 'recipients' },
  history: { list: list('/api/v5/packages'), people: 'both' },
  all: { list: list('/api/v5/all/packages'), people: 'both' },
};

/** The mailboxes of groups: by their part of the address. */
export const groupBoxNames = ['workgroups', 'inboxes'] as const;
export type GroupBox = (typeof groupBoxNames)[number];

interface GroupBoxFacts {
  /** The call that reads the group, and the one that lists its packages; both kinds have the same ones. */
  group: '/api/v5/shared_inboxes/{id}';
  list: '/api/v5/shared_inboxes/{id}/packages';
}

export const groupBoxes: Record<GroupBox, GroupBoxFacts> = {
  workgroups: {
    group: '/api/v5/workgroups/{id}' as GroupBoxFacts['group'],
    list: '/api/v5/workgroups/{id}/packages' as GroupBoxFacts['list'],
  },
  inboxes: { group: '/api/v5/shared_inboxes/{id}', list: '/api/v5/shared_inboxes/{id}/packages' },
};

function segment(pathname: string): string {
  return pathname.split('/')[2] ?? '';
}

/** The box that the address names. */
export function useBox(): Box {
  const { pathname } = useLocation();
  return boxNames.find((box) => box === segment(pathname)) ?? 'received';
}

export function useGroupBox(): GroupBox {
  const { pathname } = useLocation();
  return groupBoxNames.find((box) => box === segment(pathname)) ?? 'inboxes';
}

/** The address of the list that a package was opened from. */
export function useListAddress(): string {
  const { pathname } = useLocation();
  return pathname.slice(0, pathname.lastIndexOf('/'));
}
