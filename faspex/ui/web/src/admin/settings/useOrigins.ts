import { useApi } from '../../api/context';
import type { components } from '../../api/schema';

export type Origins = components['schemas']['Origins'];

/** Who decided each setting. */
export function useOrigins() {
  const { hooks } = useApi();
  return hooks.useQuery('get', '/api/v5/configuration/origins');
}
