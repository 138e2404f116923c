// When a query is read again by itself. The query library waits while the window is hidden and keeps one timer a query.

import { problemOf } from './problem';

const longest = 5 * 60_000;

interface Polled<T> {
  state: { data: T | undefined; error: unknown; fetchFailureCount: number };
}

/** Reads again after `interval(data)` milliseconds; after a failure with growing waits, or when the server asked for. */
export function pollEvery<T>(interval: (data: T | undefined) => number) {
  return (query: Polled<T>): number => {
    const { data, error, fetchFailureCount } = query.state;
    const wait = interval(data);
    if (error === null || error === undefined) return wait;
    const { retryAfter } = problemOf(error);
    return Math.max((retryAfter ?? 0) * 1000, Math.min(longest, wait * 2 ** Math.min(fetchFailureCount, 6)));
  };
}
