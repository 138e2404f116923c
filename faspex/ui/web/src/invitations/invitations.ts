import type { QueryClient } from '@tanstack/react-query';
import type { components } from '../api/schema';

export type Invitation = components['schemas']['Invitation'];
export type Expiration = Invitation['expiration'];

export const address = '/packages/invitations';

/** What is known of invitations is read again. */
export function forgetInvitations(queries: QueryClient): void {
  void queries.invalidateQueries({ queryKey: ['get', '/api/v5/invitations'] });
}

/** The end of a day of the person's calendar, as the server takes times. */
export function endOfDay(day: string): string {
  return new Date(`${day}T23:59:59`).toISOString();
}
