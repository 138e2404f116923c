import { QueryClientProvider, type QueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext } from 'react';
import type { Session } from '../auth/session';
import type { ApiClient } from './client';
import type { Hooks } from './query';

export interface Api {
  session: Session;
  /** Calls outside of components: `client.GET('/api/v5/account')`. They throw an ApiProblem. */
  client: ApiClient;
  /** Calls of components: `hooks.useQuery('get', '/api/v5/account')`, `hooks.useMutation(...)`. */
  hooks: Hooks;
  queries: QueryClient;
}

const Context = createContext<Api | null>(null);

export function ApiProvider({ api, children }: { api: Api; children: ReactNode }) {
  return (
    <Context value={api}>
      <QueryClientProvider client={api.queries}>{children}</QueryClientProvider>
    </Context>
  );
}

export function useApi(): Api {
  const api = useContext(Context);
  if (!api) throw new Error('useApi outside of ApiProvider');
  return api;
}
