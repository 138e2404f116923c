// The state of a list stands in the address: reload, Back, Forward and a copied link show the same rows (page-38).

import { useCallback, useMemo } from 'react';
import { useSearchParams } from '../navigation/router';

export const pageSizes = [25, 50, 100];

export interface ListState {
  /** The first page is 1. */
  page: number;
  size: number;
  q: string;
  /** Name of a column as the server has it, with `-` before it for descending order. */
  sort: string;
  /** Values of the filters that are set, by name. */
  filters: Record<string, string>;
}

export interface ListControl extends ListState {
  /** Changes some of it and goes to the first page, unless the page itself is changed. `replace` makes no entry of the history. */
  change: (part: Partial<ListState>, replace?: boolean) => void;
  /** True when a search or a filter leaves rows out. */
  narrowed: boolean;
}

export interface ListDefaults {
  size?: number;
  sort: string;
  /** Names of the filters, and of their parameters. */
  filters?: readonly string[];
}

function positive(text: string | null, otherwise: number): number {
  const number = Number(text);
  return Number.isInteger(number) && number > 0 ? number : otherwise;
}

/** Reads the state of a list from search parameters; what is not in them, or makes no sense, is as by default. */
export function listStateFrom(params: URLSearchParams, defaults: ListDefaults): ListState {
  const size = positive(params.get('size'), defaults.size ?? 0);
  return {
    page: positive(params.get('page'), 1),
    size: pageSizes.includes(size) ? size : (pageSizes[0] as number),
    q: params.get('q') ?? '',
    sort: params.get('sort') ?? defaults.sort,
    filters: Object.fromEntries((defaults.filters ?? []).flatMap((name) => (params.get(name) ? [[name, params.get(name) ?? '']] : []))),
  };
}

/** Writes the state into search parameters; what is as by default is left out, so that addresses stay short. */
export function withListState(params: URLSearchParams, state: ListState, defaults: ListDefaults): URLSearchParams {
  const next = new URLSearchParams(params);
  const put = (name: string, value: string, standard: string) => {
    if (value === standard) next.delete(name);
    else next.set(name, value);
  };
  put('page', String(state.page), '1');
  put('size', String(state.size), String(defaults.size ?? pageSizes[0]));
  put('q', state.q, '');
  put('sort', state.sort, defaults.sort);
  for (const name of defaults.filters ?? []) put(name, state.filters[name] ?? '', '');
  return next;
}

export function useListState(defaults: ListDefaults): ListControl {
  const [params, setParams] = useSearchParams();
  // The defaults of a list are written down in its component and are the same values at each rendering.
  const key = JSON.stringify(defaults);
  const stable = useMemo(() => JSON.parse(key) as ListDefaults, [key]);
  const state = useMemo(() => listStateFrom(params, stable), [params, stable]);
  const change = useCallback(
    (part: Partial<ListState>, replace = false) =>
      setParams((current) => withListState(current, { ...listStateFrom(current, stable), page: 1, ...part }, stable), { replace, preventScrollReset: replace }),
    [setParams, stable],
  );
  return useMemo(() => ({ ...state, change, narrowed: state.q !== '' || Object.keys(state.filters).length > 0 }), [state, change]);
}
