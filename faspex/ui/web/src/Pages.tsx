import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { Navigate, Route, Routes, useLocation } from 'react-router';
import { Api } from './api/client';
import type { Account } from './api/types';
import { LoginRequired, type Session } from './auth/session';
import { NewPackagePage } from './packages/NewPackagePage';
import { PackageListPage } from './packages/PackageListPage';
import { PackagePage } from './packages/PackagePage';
import { AppHeader } from './shell/AppHeader';
import { AppProvider, type AppContext } from './shell/context';

interface PagesProps {
  session: Session;
  /** Shows what is shown to people who are not signed in. Must be stable. */
  leave: (name: 'signed-out' | 'ended') => void;
}

/** What a person sees who is signed in. */
export function Pages({ session, leave }: PagesProps) {
  const api = useMemo(() => new Api(session), [session]);
  const [account, setAccount] = useState<Account | null>(null);

  const sessionEnded = useCallback(
    (error: unknown) => {
      if (!(error instanceof LoginRequired)) return false;
      leave('ended');
      return true;
    },
    [leave],
  );
  useEffect(() => {
    const controller = new AbortController();
    // The name in the header is all this is for: a failure shows itself where packages are loaded.
    api.account(controller.signal).then(setAccount, () => undefined);
    return () => controller.abort();
  }, [api]);

  const context = useMemo<AppContext>(
    () => ({ api, account, sessionEnded, signOut: () => void session.signOut().then(() => leave('signed-out')) }),
    [api, account, sessionEnded, session, leave],
  );
  useFocusOnNewPage();
  return (
    <AppProvider value={context}>
      <AppHeader />
      <div className="main">
        <Routes>
          <Route path="/received" element={<PackageListPage key="received" box="received" />} />
          <Route path="/sent" element={<PackageListPage key="sent" box="sent" />} />
          <Route path="/received/:id" element={<PackagePage box="received" />} />
          <Route path="/sent/:id" element={<PackagePage box="sent" />} />
          <Route path="/new" element={<NewPackagePage />} />
          <Route path="*" element={<Navigate to="/received" replace />} />
        </Routes>
      </div>
    </AppProvider>
  );
}

/** Moves the focus to the main part when another page is shown, where keyboard and screen reader go on. */
function useFocusOnNewPage(): void {
  const { pathname } = useLocation();
  const shown = useRef(pathname);
  useEffect(() => {
    if (shown.current === pathname) return;
    shown.current = pathname;
    document.getElementById('main-content')?.focus();
    window.scrollTo(0, 0);
  }, [pathname]);
}
