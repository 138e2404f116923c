import { Loading } from '@carbon/react';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { Navigate, Route, Routes, useLocation, useNavigate } from 'react-router';
import { Api } from './api/client';
import type { Account } from './api/types';
import { LoginRequired, Session } from './auth/session';
import { loadConfig } from './config';
import { NewPackagePage } from './packages/NewPackagePage';
import { PackageListPage } from './packages/PackageListPage';
import { PackagePage } from './packages/PackagePage';
import { AppHeader } from './shell/AppHeader';
import { AppProvider, type AppContext } from './shell/context';
import { Welcome } from './shell/Welcome';

type Phase =
  | { name: 'starting' }
  | { name: 'failed'; message: string }
  | { name: 'signed-out' | 'ended' }
  | { name: 'ready'; session: Session };

/** Reads the configuration, finishes or starts a login, and then shows the pages. */
export function App() {
  const [phase, setPhase] = useState<Phase>({ name: 'starting' });
  const session = useRef<Session | null>(null);
  const started = useRef(false);
  const navigate = useNavigate();
  const location = useLocation();

  const leave = useCallback((name: 'signed-out' | 'ended') => setPhase({ name }), []);

  const begin = useCallback(async (returnTo: string) => {
    try {
      session.current ??= new Session(await loadConfig());
      await session.current.begin(returnTo);
    } catch (error) {
      setPhase({ name: 'failed', message: messageOf(error) });
    }
  }, []);

  useEffect(() => {
    if (started.current) return; // React runs effects twice while developing; a code can be used once
    started.current = true;
    const start = async () => {
      const current = new Session(await loadConfig());
      session.current = current;
      const returnTo = await current.complete(new URLSearchParams(location.search));
      if (returnTo !== null) await navigate(returnTo, { replace: true });
      else if (!current.signedIn) return begin(location.pathname + location.search);
      setPhase({ name: 'ready', session: current });
    };
    start().catch((error: unknown) => setPhase({ name: 'failed', message: messageOf(error) }));
  }, [begin, location, navigate]);

  switch (phase.name) {
    case 'starting':
      return <Loading description="Loading Faspex" withOverlay={false} className="loading-page" />;
    case 'failed':
      return <Welcome title="Sign-in did not succeed" text={phase.message} action={() => void begin('/received')} />;
    case 'signed-out':
      return <Welcome title="You are signed out" text="Sign in to send and receive packages." action={() => void begin('/received')} />;
    case 'ended':
      return (
        <Welcome
          title="Your session has ended"
          text="Sign in again to go on where you were."
          action={() => void begin(location.pathname + location.search)}
        />
      );
    case 'ready':
      return <SignedIn session={phase.session} leave={leave} />;
  }
}

function SignedIn({ session, leave }: { session: Session; leave: (name: 'signed-out' | 'ended') => void }) {
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

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message === 'Failed to fetch' ? 'The server cannot be reached.' : message;
}
