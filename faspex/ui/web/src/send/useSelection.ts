// The files that a form holds: chosen by a dialog, or dropped anywhere in the application.

import { useCallback, useEffect, useRef, useState } from 'react';
import type { Collected } from '../transfers/collect';
import { type Dropped, onDropped, takeDropped } from '../transfers/dropped';
import { emptySelection, merge, type Selection, without } from '../transfers/selection';

export interface Chosen {
  selection: Selection;
  unreadable: string[];
  /** True while folders are read; found is the number of their files so far. */
  reading: boolean;
  found: number;
  take: (dropped: Dropped) => void;
  remove: (root: string) => void;
}

export function useSelection(): Chosen {
  const [selection, setSelection] = useState(emptySelection);
  const [unreadable, setUnreadable] = useState<string[]>([]);
  const [pending, setPending] = useState<Dropped[]>([]);
  const [found, setFound] = useState(0);
  const mounted = useRef(true);

  const take = useCallback((dropped: Dropped) => {
    setPending((current) => [...current, dropped]);
    const done = (collected: Collected | null) => {
      if (!mounted.current) return;
      setPending((current) => current.filter((one) => one !== dropped));
      if (!collected) return;
      setSelection((current) => merge(current, collected.selection));
      setUnreadable((current) => [...current, ...collected.unreadable]);
    };
    dropped.collected.then(done, () => done(null));
  }, []);

  useEffect(() => {
    mounted.current = true;
    const takeAll = () => takeDropped().forEach(take);
    takeAll();
    const forget = onDropped(takeAll);
    return () => {
      mounted.current = false;
      forget();
    };
  }, [take]);

  const reading = pending.length > 0;
  useEffect(() => {
    if (!reading) return;
    const timer = window.setInterval(() => setFound(pending.reduce((sum, { count }) => sum + count(), 0)), 250);
    return () => window.clearInterval(timer);
  }, [reading, pending]);

  const remove = useCallback((root: string) => setSelection((current) => without(current, root)), []);
  return { selection, unreadable, reading, found, take, remove };
}
