import i18next from 'i18next';
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

/** Loads a page. The fonts come after it: on a slow link they would hold up what is written in them. */
async function load(page: Page) {
  const loaded = await Promise.all([import('./components/CarbonFlags'), page.load()]);
  void import('./styles/fonts.scss').catch(() => undefined);
  return loaded;
}

/** Loads what the page of an address needs that everybody may see, before anything is known of the person. */
export function loadAhead(history: History): void {
  const page = matchOf(history.location.pathname)?.page;
  // What fails is tried again, and told, when it is shown.
  if (page && !page.permission) void Promise.all([load(page), i18next.loadNamespaces(page.title.split(':')[0]!)]).catch(() => undefined);
}

function contentOf(page: Page) {
  return lazy(async () => {
    const [{ CarbonFlags }, { default: Content }] = await load(page);
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
