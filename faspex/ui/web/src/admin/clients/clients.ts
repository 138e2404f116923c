import type { QueryClient } from '@tanstack/react-query';
import type { components } from '../../api/schema';
import type { OAuthClient } from '../types';

type OAuthClientChange = components['schemas']['OAuthClientChange'];

/** The values of an API client in its form; lists are one entry a line. */
export interface ClientValues {
  name: string;
  description: string;
  contact_email: string;
  redirect_uris: string;
  allow_implicit_grant: boolean;
  allow_jwt_grant: boolean;
  allow_global_key: boolean;
  public_key: string;
  allow_refresh_token: boolean;
  access_token_expiration_hours: number;
  refresh_token_expiration_hours: number;
  access_grant_all_users: boolean;
  access_grant_to_users: string;
}

export const newClient: ClientValues = {
  name: '',
  description: '',
  contact_email: '',
  redirect_uris: '',
  allow_implicit_grant: false,
  allow_jwt_grant: false,
  allow_global_key: false,
  public_key: '',
  allow_refresh_token: false,
  access_token_expiration_hours: 12,
  refresh_token_expiration_hours: 12,
  access_grant_all_users: true,
  access_grant_to_users: '',
};

export function clientValues(client: OAuthClient): ClientValues {
  return {
    name: client.name,
    description: client.description ?? '',
    contact_email: client.contact_email ?? '',
    redirect_uris: client.redirect_uris.join('\n'),
    allow_implicit_grant: client.allow_implicit_grant,
    allow_jwt_grant: client.allow_jwt_grant,
    allow_global_key: client.allow_global_key,
    public_key: client.public_key ?? '',
    allow_refresh_token: client.allow_refresh_token,
    access_token_expiration_hours: client.access_token_expiration_hours,
    refresh_token_expiration_hours: client.refresh_token_expiration_hours,
    access_grant_all_users: client.access_grant_all_users,
    access_grant_to_users: client.access_grant_to_users.map(({ name }) => name).join('\n'),
  };
}

/** The entries of a text with one a line. */
export function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
}

export function clientChange({ redirect_uris, access_grant_to_users, ...values }: Partial<ClientValues>): OAuthClientChange {
  return {
    ...values,
    ...(redirect_uris === undefined ? {} : { redirect_uris: lines(redirect_uris) }),
    ...(access_grant_to_users === undefined ? {} : { access_grant_to_users: lines(access_grant_to_users) }),
  };
}

export function forgetClients(queries: QueryClient): void {
  void queries.invalidateQueries({ queryKey: ['get', '/auth/oauth_clients'] });
}
