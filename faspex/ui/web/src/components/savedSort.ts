// The order in which a person likes a list, kept with the account (page-42).

import { useCallback, useEffect, useRef } from 'react';
import { useApi } from '../api/context';
import { usePreferences } from '../shell/account';

type Orders = Record<string, string>;

/** Reads the orders of lists out of the preferences; what is not of this page's making is ignored. */
export function ordersFrom(tableData: string): Orders {
  try {
    const { sort } = JSON.parse(tableData) as { sort?: unknown };
    if (typeof sort !== 'object' || sort === null) return {};
    return Object.fromEntries(Object.entries(sort).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
  } catch {
    return {};
  }
}

/** The table_data with one order changed; what others wrote there stays. */
export function withOrder(tableData: string, list: string, sort: string): string {
  let data: object = {};
  try {
    const parsed: unknown = JSON.parse(tableData);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) data = parsed;
  } catch {
    // nothing was kept yet
  }
  return JSON.stringify({ ...data, sort: { ...ordersFrom(tableData), [list]: sort } });
}

/** The order that a list begins with. */
export function useSavedSort(list: string, standard: string): string {
  const { table_data: data } = usePreferences();
  const first = useRef(ordersFrom(data)[list] ?? standard);
  return first.current;
}

/** Keeps an order when it was chosen. */
export function useSaveSort(list: string, sort: string, begun: string): void {
  const { client, queries } = useApi();
  const { table_data: data } = usePreferences();
  const kept = useRef(begun);
  const save = useCallback(
    async (chosen: string) => {
      try {
        await client.PUT('/api/v5/account/preferences', { body: { table_data: withOrder(data, list, chosen) } });
        await queries.invalidateQueries({ queryKey: ['get', '/api/v5/account/preferences'] });
      } catch {
        // The list is in that order all the same; it is chosen again another time.
      }
    },
    [client, queries, data, list],
  );
  useEffect(() => {
    if (sort === kept.current) return;
    kept.current = sort;
    void save(sort);
  }, [sort, save]);
}
