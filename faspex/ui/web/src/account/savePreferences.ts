import { useCallback } from 'react';
import { useApi } from '../api/context';
import type { PreferencesChange } from '../api/types';

/** Changes preferences of the person, and shows them everywhere as the server has them then. */
export function useSavePreferences(): (change: PreferencesChange) => Promise<void> {
  const { client, queries } = useApi();
  return useCallback(
    async (change) => {
      await client.PUT('/api/v5/account/preferences', { body: change });
      await Promise.all([
        queries.invalidateQueries({ queryKey: ['get', '/api/v5/account/preferences'] }),
        queries.invalidateQueries({ queryKey: ['get', '/api/v5/account'] }),
      ]);
    },
    [client, queries],
  );
}
