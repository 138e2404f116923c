// Workgroups and shared inboxes: what their pages have in common, and what differs.

import type { QueryClient } from '@tanstack/react-query';
import type { components } from '../../api/schema';
import { useLocation } from '../../navigation/router';

type Schemas = components['schemas'];
export type SharedInbox = Schemas['SharedInbox'];
export type Workgroup = Schemas['Workgroup'];
export type Group = SharedInbox & Workgroup;
export type GroupChange = Schemas['SharedInboxChange'] & Schemas['WorkgroupChange'];
export type Member = Schemas['Member'];
export type Access = Member['access'];

export type Kind = 'workgroups' | 'inboxes';

interface KindFacts {
  /** The calls of both kinds have the same parameters; those of shared inboxes stand for both. */
  all: '/api/v5/shared_inboxes';
  one: '/api/v5/shared_inboxes/{id}';
  members: '/api/v5/shared_inboxes/{group_id}/members';
  member: '/api/v5/shared_inboxes/{group_id}/members/{id}';
  address: string;
  /** The levels that its members can have, the lowest first. */
  accesses: readonly Access[];
}

const facts = (plural: string, address: string, accesses: readonly Access[]): KindFacts => ({
  all: `/api/v5/${plural}` as KindFacts['all'],
  one: `/api/v5/${plural}/{id}` as KindFacts['one'],
  members: `/api/v5/${plural}/{group_id}/members` as KindFacts['members'],
  member: `/api/v5/${plural}/{group_id}/members/{id}` as KindFacts['member'],
  address,
  accesses,
});

export const kinds: Record<Kind, KindFacts> = {
  workgroups: facts('workgroups', '/admin/workgroups', ['standard', 'workgroup_admin']),
  inboxes: facts('shared_inboxes', '/admin/shared-inboxes', ['submit_only', 'standard', 'shared_inbox_admin']),
};

/** The kind that the address is about, which is of Admin or of a mailbox. */
export function useKind(): Kind {
  const { pathname } = useLocation();
  return pathname.split('/')[2] === 'workgroups' ? 'workgroups' : 'inboxes';
}

/** The groups of an answer to either kind's list. */
export function groupsOf(answer: object | undefined): Group[] | undefined {
  if (!answer) return undefined;
  const { workgroups, shared_inboxes } = answer as { workgroups?: Group[]; shared_inboxes?: Group[] };
  return workgroups ?? shared_inboxes ?? [];
}

/** The values of the form of a group; a kind shows those that it has. */
export interface GroupValues {
  name: string;
  submitters_instructions: string;
  workgroup_type: Workgroup['workgroup_type'];
  member_access: Workgroup['member_access'];
  admin_can_manage_existing_users: boolean;
  admin_can_manage_users: boolean;
  metadata_profile_id: string;
  save_metadata_to_file: boolean;
  /** Id of the storage location that its packages go to; empty for the default inbox. */
  destination: string;
  custom_package_expiration_policy: boolean;
  delete_package_after_download_policy: SharedInbox['delete_package_after_download_policy'];
  set_package_expiration: boolean;
  package_expiration_days: number;
  require_encryption_at_rest: SharedInbox['require_encryption_at_rest'];
}

export function groupValues(group: Group): GroupValues {
  return {
    name: group.name,
    submitters_instructions: group.submitters_instructions,
    workgroup_type: group.workgroup_type ?? 'members_only',
    member_access: group.member_access ?? 'mutual',
    admin_can_manage_existing_users: group.admin_can_manage_existing_users ?? false,
    admin_can_manage_users: group.admin_can_manage_users ?? false,
    metadata_profile_id: group.metadata_profile_id,
    save_metadata_to_file: group.save_metadata_to_file ?? false,
    destination: group.inbox_type === 'custom' ? (group.inbox_destination_share_id ?? '') : '',
    custom_package_expiration_policy: group.custom_package_expiration_policy ?? false,
    delete_package_after_download_policy: group.delete_package_after_download_policy ?? 'nothing',
    set_package_expiration: group.set_package_expiration ?? false,
    package_expiration_days: group.package_expiration_days ?? 60,
    require_encryption_at_rest: group.require_encryption_at_rest,
  };
}

export function groupChange({ destination, ...values }: Partial<GroupValues>): GroupChange {
  if (destination === undefined) return values as GroupChange;
  const custom = destination !== '';
  return {
    ...values,
    inbox_type: custom ? 'custom' : 'default',
    inbox_destination_share_id: destination,
    upload_directly_to_custom_inbox: custom,
  } as GroupChange;
}

/** Has what tells of groups read again. */
export function forgetGroups(queries: QueryClient, kind: Kind): void {
  const { all, one, members } = kinds[kind];
  for (const path of [all, one, members]) void queries.invalidateQueries({ queryKey: ['get', path] });
}
