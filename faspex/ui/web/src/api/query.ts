// The state of the server as the page knows it: one cache, keyed by operation and parameters.

import { QueryClient } from '@tanstack/react-query';
import createHooks, { type OpenapiQueryClient } from 'openapi-react-query';
import type { ApiClient } from './client';
import { ApiProblem, problemOf } from './problem';
import { onReachableAgain } from './reachable';
import type { paths } from './schema';

const tries = 3;

export function createQueryClient(): QueryClient {
  const queries = new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        gcTime: 10 * 60_000,
        // The browser's own idea of being online is often wrong; what counts is whether the server answers.
        networkMode: 'always',
        retry: (count, error) => {
          const problem = problemOf(error);
          // What cannot be reached is asked for again once it can: see onReachableAgain.
          return problem.temporary && problem.code !== 'unreachable' && count < tries - 1 && (problem.retryAfter ?? 0) <= 30;
        },
        retryDelay: (count, error) => (error instanceof ApiProblem && error.retryAfter !== null ? error.retryAfter * 1000 : 500 * 2 ** count),
        throwOnError: false,
      },
      mutations: { networkMode: 'always', retry: false },
    },
  });
  onReachableAgain(() => void queries.invalidateQueries());
  return queries;
}

export type Hooks = OpenapiQueryClient<paths>;

export function createHooksFor(client: ApiClient): Hooks {
  return createHooks(client);
}
