import type { QueryClient } from '@tanstack/react-query';
import type { Account, OwnAccount } from '../../api/types';
import { can } from '../../auth/capabilities';

export const roles = ['user', 'manager', 'admin'] as const;
/** Reports whether an account can be opened: it is closed, or locked after failed logins. */
export function closed(account: { account_activated: boolean; status: string }): boolean {
  return !account.account_activated || account.status === 'locked';
}

export const statuses = ['active', 'inactive', 'locked', 'pending_approval', 'saml_configuration_disabled'] as const;

export type Role = (typeof roles)[number];

/** Roles that the caller may give. */
export function rolesToGive(own: OwnAccount): readonly Role[] {
  return can(own, 'admin.privileged_users.write') ? roles : ['user'];
}

/** Whether the caller may change an account; the server decides by the same rule. */
export function mayChange(own: OwnAccount, account: Account): boolean {
  return can(own, 'admin.users.write') && (account.role === 'user' || can(own, 'admin.privileged_users.write'));
}

/** Has lists of users read again. */
export function forgetUsers(queries: QueryClient): void {
  void queries.invalidateQueries({ queryKey: ['get', '/api/v5/accounts'] });
}
