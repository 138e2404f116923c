import { lazy, type ReactNode, Suspense } from 'react';
import { basePath } from './config';
import { History } from './navigation/history';
import { bestMatch, generatePath } from './navigation/match';
import { type Match, RouteBoundary, Router, useMatch } from './navigation/router';
import { type Page, pages, redirects } from './routes';
import { Guard } from './shell/Guard';
import { NotFound } from './shell/NotFound';
import { RouteError } from './shell/RouteError';
import { Shell } from './shell/Shell';
import { PageSkeleton } from './shell/PageSkeleton';

/** The code of each page, loaded only once the guard lets it: an address typed without the right loads none of it (page-66). */
const contents = new Map(pages.map((page) => [page, contentOf(page)]));

function contentOf(page: Page) {
  return lazy(async () => {
    const [{ CarbonFlags }, { default: Content }] = await Promise.all([import('./components/CarbonFlags'), page.load()]);
    return {
      default: () => (
        <CarbonFlags>
          <Content />
        </CarbonFlags>
      ),
    };
  });
}

function redirected(pathname: string): string | null {
  const found = bestMatch(redirects, ({ from }) => from, pathname);
  return found ? generatePath(found.line.to, found.params) : null;
}

function matchOf(pathname: string): Match<Page> | null {
  const found = bestMatch(pages, ({ path }) => path, pathname);
  return found ? { page: found.line, params: found.params } : null;
}

const failed = (error: unknown): ReactNode => <RouteError error={error} />;

function Current() {
  const page = useMatch<Page>()?.page;
  const Content = page && contents.get(page);
  if (!page || !Content) return <NotFound />;
  return (
    <Guard page={page}>
      <Suspense fallback={<PageSkeleton />}>
        <Content />
      </Suspense>
    </Guard>
  );
}

/** The history of this tab; there is one. */
export function createHistory(): History {
  return new History(window, basePath, redirected);
}

/** Everything that somebody sees who is logged in: the shell, and in it the page of the address. */
export function Pages({ history }: { history: History }) {
  return (
    <Router history={history} matchOf={matchOf}>
      <RouteBoundary fallback={failed}>
        <Shell>
          <RouteBoundary fallback={failed}>
            <Current />
          </RouteBoundary>
        </Shell>
      </RouteBoundary>
    </Router>
  );
}
