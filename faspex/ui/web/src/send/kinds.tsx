// The kinds of recipients, as they are told apart: an icon and a word.

import type { CarbonIconType } from '@carbon/icons-react';
import { Earth, Group, InventoryManagement, ListBulleted, User } from '@carbon/icons-react';
import type { Contact } from '../api/types';

export type Kind = Contact['type'];

const icons: Record<Kind, CarbonIconType> = {
  user: User,
  external_user: Earth,
  workgroup: Group,
  shared_inbox: InventoryManagement,
  distribution_list: ListBulleted,
};

export function KindIcon({ kind }: { kind: Kind }) {
  const Icon = icons[kind] ?? User;
  return <Icon className="people__icon" aria-hidden />;
}
