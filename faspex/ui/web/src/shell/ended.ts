import { useEffect, useState } from 'react';
import { forgetAnswers } from '../api/client';
import type { Api } from '../api/context';
import { currentPath, type EndReason, signedOutPath } from '../auth/session';
import { basePath } from '../config';

interface Ended {
  reason: EndReason;
  /** Where a new login leads back to. */
  returnTo: string;
}

/** Null while somebody is logged in. Afterwards nothing of theirs is kept, and after a sign-out the address tells nothing. */
export function useEnded(api: Api): Ended | null {
  const [ended, setEnded] = useState<Ended | null>(null);
  useEffect(() => {
    api.session.onEnd = (reason) => {
      const returnTo = reason === 'ended' ? currentPath() : '/';
      if (reason === 'signed-out') window.history.replaceState(null, '', basePath + signedOutPath);
      api.queries.clear();
      forgetAnswers();
      setEnded((current) => current ?? { reason, returnTo });
    };
  }, [api]);
  return ended;
}
