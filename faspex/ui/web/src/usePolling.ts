import { useCallback, useEffect, useRef, useState } from 'react';

export interface Polled<T> {
  data: T | null;
  error: Error | null;
  /** True until the first answer. */
  loading: boolean;
  refresh: () => void;
}

/**
 * Keeps data current: loads it now, again after `interval(data)` milliseconds while the page is visible (null: not again by
 * itself), and when the page becomes visible. What was loaded stays when a later try fails. `load` must be stable; a new one
 * starts over.
 */
export function usePolling<T>(load: (signal: AbortSignal) => Promise<T>, interval: (data: T | null) => number | null): Polled<T> {
  const [data, setData] = useState<T | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [turn, setTurn] = useState(0);
  const intervalRef = useRef(interval);
  intervalRef.current = interval;
  const latest = useRef<T | null>(null);

  useEffect(() => {
    latest.current = null;
    setData(null);
    setError(null);
  }, [load]);

  useEffect(() => {
    const controller = new AbortController();
    let timer: number | undefined;
    const next = () => {
      const delay = intervalRef.current(latest.current);
      if (delay !== null) timer = window.setTimeout(run, delay);
    };
    const run = () => {
      if (document.hidden) return; // becoming visible runs it
      load(controller.signal).then(
        (value) => {
          if (controller.signal.aborted) return;
          latest.current = value;
          setData(value);
          setError(null);
          next();
        },
        (reason: unknown) => {
          if (controller.signal.aborted) return;
          setError(reason instanceof Error ? reason : new Error(String(reason)));
          next();
        },
      );
    };
    const onVisibility = () => {
      if (document.hidden) return;
      window.clearTimeout(timer);
      run();
    };
    run();
    document.addEventListener('visibilitychange', onVisibility);
    return () => {
      controller.abort();
      window.clearTimeout(timer);
      document.removeEventListener('visibilitychange', onVisibility);
    };
  }, [load, turn]);

  const refresh = useCallback(() => setTurn((n) => n + 1), []);
  return { data, error, loading: data === null && error === null, refresh };
}
