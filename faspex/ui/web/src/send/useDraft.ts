import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useLocation } from '../navigation/router';
import { basePath } from '../config';
import { useAccount } from '../shell/account';
import { type Draft, DraftStore, emptyDraft, isEmpty } from './draft';

/**
 * The form's draft. It outlives a reload and a new login in this tab; it is forgotten when the person leaves the form or
 * has sent it.
 */
export function useDraft(): { draft: Draft; change: (fields: Partial<Draft>) => void; done: () => void; lost: string[] } {
  const { id } = useAccount();
  const store = useMemo(() => new DraftStore(id, window.sessionStorage), [id]);
  const [draft, setDraft] = useState<Draft>(() => store.read() ?? emptyDraft);
  const [lost] = useState(draft.files);
  const isDone = useRef(false);
  const { pathname } = useLocation();

  const change = useCallback((fields: Partial<Draft>) => setDraft((current) => ({ ...current, ...fields })), []);
  useEffect(() => {
    if (isDone.current) return;
    if (isEmpty(draft)) store.clear();
    else store.write(draft);
  }, [draft, store]);
  useEffect(
    () => () => {
      // A reload or the end of the session leaves the address as it is.
      if (window.location.pathname !== basePath + pathname) store.clear();
    },
    [store, pathname],
  );
  const done = useCallback(() => {
    isDone.current = true;
    store.clear();
  }, [store]);
  return { draft, change, done, lost };
}
