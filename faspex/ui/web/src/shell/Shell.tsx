import { lazy, type ReactNode, Suspense, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useApi } from '../api/context';
import { followEvents } from '../api/events';
import { PageHeader } from '../components/PageHeader';
import { setLanguage } from '../i18n/i18n';
import { useLocation, useMatch } from '../navigation/router';
import type { App, Page } from '../routes';
import { type Person, PersonProvider } from './account';
import { AppHeader } from './AppHeader';
import { PageSkeleton } from './PageSkeleton';
import { ToastProvider } from './toasts';
import { UnreachableBanner } from './UnreachableBanner';
import { LazyNotice } from './LazyNotice';

// The panel of transfers outlives every page.
const TransferPanel = lazy(() => import('../transfers/TransferPanel'));

/** The frame around every page: header, menu, messages, and the panel of transfers. */
export function Shell({ children }: { children: ReactNode }) {
  const { t } = useTranslation('shell');
  const person = usePersonQuery();
  const app = useCurrentApp();
  useFocusOnNewPage();
  return (
    <ToastProvider>
      <PersonProvider value={person.data}>
        <AppHeader app={app} account={person.data?.account ?? null} />
        <div className="shell">
          <UnreachableBanner />
          <main id="main-content" className="page" tabIndex={-1}>
            {person.error ? (
              <>
                <PageHeader title={t('failed.title')} />
                <LazyNotice title={t('failed.account')} error={person.error} retry={person.retry} />
              </>
            ) : person.data ? (
              <Suspense fallback={<PageSkeleton />}>{children}</Suspense>
            ) : (
              <PageSkeleton />
            )}
          </main>
        </div>
        {person.data && (
          <Suspense fallback={null}>
            <TransferPanel />
          </Suspense>
        )}
      </PersonProvider>
    </ToastProvider>
  );
}

function usePersonQuery(): { data: Person | null; error: unknown; retry: () => void } {
  const { hooks, session, queries } = useApi();
  const account = hooks.useQuery('get', '/api/v5/account', {}, { staleTime: 60_000 });
  const preferences = hooks.useQuery('get', '/api/v5/account/preferences', {}, { staleTime: 60_000 });
  const id = account.data?.id;
  useEffect(() => {
    if (!id) return;
    session.belongsTo(id);
    const stop = new AbortController();
    followEvents(session, queries, id, stop.signal);
    return () => stop.abort();
  }, [id, session, queries]);
  const locale = preferences.data?.locale;
  useEffect(() => {
    void setLanguage(locale);
  }, [locale]);
  const retry = () => {
    void account.refetch();
    void preferences.refetch();
  };
  if (account.data && preferences.data) return { data: { account: account.data, preferences: preferences.data }, error: null, retry };
  return { data: null, error: account.error ?? preferences.error, retry };
}

/** The application of the page that is shown; addresses that lead nowhere are among the packages. */
function useCurrentApp(): App {
  return useMatch<Page>()?.page.app ?? 'packages';
}

/** Moves the focus to the main part when another page is shown, where keyboard and screen reader go on. */
function useFocusOnNewPage(): void {
  const { pathname } = useLocation();
  const [first] = useState(pathname);
  const shown = useRef(first);
  useEffect(() => {
    if (shown.current === pathname) return;
    shown.current = pathname;
    // The scroll position is restored by the router.
    document.getElementById('main-content')?.focus({ preventScroll: true });
  }, [pathname]);
}
