// What changes packages, and which of the page's data it makes stale.

import { useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import { useApi } from '../api/context';
import type { Package } from '../api/types';
import { boxNames, boxes, groupBoxes, groupBoxNames } from './boxes';

/** Reads the lists anew, and one package if it is still there. */
export function usePackagesChanged(): (id?: string) => Promise<void> {
  const queries = useQueryClient();
  return useCallback(
    async (id) => {
      const paths = [...boxNames.map((box) => boxes[box].list), ...groupBoxNames.map((box) => groupBoxes[box].list)];
      const lists = paths.map((path) => queries.invalidateQueries({ queryKey: ['get', path] }));
      const one = id === undefined ? [] : [queries.invalidateQueries({ queryKey: ['get', '/api/v5/packages/{id}', { params: { path: { id } } }] })];
      await Promise.all([...lists, ...one]);
    },
    [queries],
  );
}

export interface Changes {
  /** Takes packages off the lists of the caller; they stay for everybody else. */
  removeFromLists: (packages: readonly Package[]) => Promise<void>;
  /** Takes packages off the lists of all members of the groups that the caller looks after. */
  archiveForAll: (packages: readonly Package[]) => Promise<void>;
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
  const archiveForAll = useCallback(
    async (packages: readonly Package[]) => {
      for (const { id } of packages) await client.POST('/api/v5/packages/{id}/archive/received', { params: { path: { id }, query: { archive_all: true } } });
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
  return { removeFromLists, archiveForAll, deleteForEveryone, release };
}
