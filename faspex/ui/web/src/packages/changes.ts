// What changes packages, and which of the page's data it makes stale.

import { useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import { useApi } from '../api/context';
import type { Package } from '../api/types';
import { boxNames, boxes } from './boxes';

/** Reads the lists anew, and one package if it is still there. */
export function usePackagesChanged(): (id?: string) => Promise<void> {
  const queries = useQueryClient();
  return useCallback(
    async (id) => {
      const lists = boxNames.map((box) => queries.invalidateQueries({ queryKey: ['get', boxes[box].list] }));
      const one = id === undefined ? [] : [queries.invalidateQueries({ queryKey: ['get', '/api/v5/packages/{id}', { params: { path: { id } } }] })];
      await Promise.all([...lists, ...one]);
    },
    [queries],
  );
}

export interface Changes {
  /** Takes packages off the lists of the caller; they stay for everybody else. */
  removeFromLists: (packages: readonly Package[]) => Promise<void>;
  deleteForEveryone: (packages: readonly Package[]) => Promise<void>;
  release: (pkg: Package) => Promise<void>;
}

export function useChanges(): Changes {
  const { client } = useApi();
  const changed = usePackagesChanged();
  const removeFromLists = useCallback(
    async (packages: readonly Package[]) => {
      for (const { id, sides } of packages) {
        const params = { path: { id } };
        // One who sent it to oneself has it on both lists.
        if (sides.includes('received')) await client.POST('/api/v5/packages/{id}/archive/received', { params });
        if (sides.includes('sent')) await client.POST('/api/v5/packages/{id}/archive/sent', { params });
      }
      await changed();
    },
    [client, changed],
  );
  const deleteForEveryone = useCallback(
    async (packages: readonly Package[]) => {
      for (const { id } of packages) await client.DELETE('/api/v5/packages/{id}', { params: { path: { id } } });
      await changed();
    },
    [client, changed],
  );
  const release = useCallback(
    async ({ id }: Package) => {
      await client.PUT('/api/v5/packages/{id}', { params: { path: { id } }, body: { release_policy: 'now' } });
      await changed(id);
    },
    [client, changed],
  );
  return { removeFromLists, deleteForEveryone, release };
}
