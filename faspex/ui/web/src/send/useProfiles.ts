import { useApi } from '../api/context';
import type { Profile } from './metadata';

const none: readonly Profile[] = [];
const most = 1000;

/** The profiles of metadata. Without them the form asks for nothing, and the server says what is missing. */
export function useProfiles(): readonly Profile[] {
  const { hooks } = useApi();
  const query = hooks.useQuery('get', '/api/v5/configuration/metadata_profiles', { params: { query: { limit: most } } });
  return query.data?.profiles ?? none;
}
