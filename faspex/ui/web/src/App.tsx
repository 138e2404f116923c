import { Loading } from '@carbon/react';
import { useCallback, useEffect, useRef, useState } from 'react';
import { BrowserRouter } from 'react-router';
import { Session } from './auth/session';
import { basePath, loadConfig } from './config';
import { Pages } from './Pages';
import { Welcome } from './shell/Welcome';

type Phase =
  | { name: 'starting' }
  | { name: 'failed'; message: string }
  | { name: 'signed-out' | 'ended' }
  | { name: 'ready'; session: Session };

/** The address inside the application. */
function currentPath(): string {
  const { pathname, search } = window.location;
  return (pathname.startsWith(basePath) ? pathname.slice(basePath.length) : '') + search;
}

/** Reads the configuration, finishes or starts a login, and then shows the pages. */
export function App() {
  const [phase, setPhase] = useState<Phase>({ name: 'starting' });
  const started = useRef(false);

  const begin = useCallback(async (returnTo: string) => {
    try {
      await new Session(await loadConfig()).begin(returnTo);
    } catch (error) {
      setPhase({ name: 'failed', message: messageOf(error) });
    }
  }, []);
  const leave = useCallback((name: 'signed-out' | 'ended') => setPhase({ name }), []);

  useEffect(() => {
    if (started.current) return; // React runs effects twice while developing; a code can be used once
    started.current = true;
    const start = async () => {
      const session = new Session(await loadConfig());
      const returnTo = await session.complete(new URLSearchParams(window.location.search));
      if (returnTo !== null) window.history.replaceState(null, '', basePath + returnTo);
      else if (!session.signedIn) return begin(currentPath());
      setPhase({ name: 'ready', session });
    };
    start().catch((error: unknown) => setPhase({ name: 'failed', message: messageOf(error) }));
  }, [begin]);

  switch (phase.name) {
    case 'starting':
      return <Loading description="Loading Faspex" />;
    case 'failed':
      return <Welcome title="Sign-in did not succeed" text={phase.message} action={() => void begin('/received')} />;
    case 'signed-out':
      return <Welcome title="You are signed out" text="Sign in to send and receive packages." action={() => void begin('/received')} />;
    case 'ended':
      return <Welcome title="Your session has ended" text="Sign in again to go on where you were." action={() => void begin(currentPath())} />;
    case 'ready':
      return (
        <BrowserRouter basename={basePath}>
          <Pages session={phase.session} leave={leave} />
        </BrowserRouter>
      );
  }
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message === 'Failed to fetch' ? 'The server cannot be reached.' : message;
}
