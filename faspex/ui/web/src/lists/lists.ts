// Distribution lists: the person's own below the account, those for everybody in Admin.

import type { QueryClient } from '@tanstack/react-query';
import type { components } from '../api/schema';
import { useLocation } from '../navigation/router';

export type DistributionList = components['schemas']['DistributionList'];
export type ListContact = DistributionList['contacts'][number];
export type Scope = DistributionList['type'];

export const addresses: Record<Scope, string> = { personal: '/account/lists', global: '/admin/distribution-lists' };

export function useScope(): Scope {
  return useLocation().pathname.startsWith('/admin/') ? 'global' : 'personal';
}

export function forgetLists(queries: QueryClient): void {
  void queries.invalidateQueries({ queryKey: ['get', '/api/v5/account/distribution_lists'] });
}

/** A CSV file of addresses or logins, one a line. */
export function csvOf(text: string): string {
  const lines = text
    .split(/[\n,;]/)
    .map((line) => line.trim())
    .filter(Boolean);
  return ['email', ...lines.map((line) => `"${line.replaceAll('"', '""')}"`)].join('\n');
}
