import { lazy, Suspense } from 'react';
import { createBrowserRouter, generatePath, type LoaderFunctionArgs, redirect, type RouteObject } from 'react-router';
import type { Api } from './api/context';
import { basePath } from './config';
import { type Page, pages, redirects } from './routes';
import { Guard } from './shell/Guard';
import { NotFound } from './shell/NotFound';
import { RouteError } from './shell/RouteError';
import { Shell } from './shell/Shell';
import { PageSkeleton } from './shell/PageSkeleton';

/** What the shell finds in the match of a route. */
export interface Handle {
  page: Page;
}

function routeOf(page: Page): RouteObject {
  // Loaded only once the guard lets it: an address typed without the right loads no code of it (page-66).
  const Content = lazy(page.load);
  return {
    path: page.path,
    handle: { page } satisfies Handle,
    errorElement: <RouteError />,
    element: (
      <Guard page={page}>
        <Suspense fallback={<PageSkeleton />}>
          <Content />
        </Suspense>
      </Guard>
    ),
  };
}

function redirectOf({ from, to }: { from: string; to: string }): RouteObject {
  return {
    path: from,
    loader: ({ params, request }: LoaderFunctionArgs) => redirect(generatePath(to, params) + new URL(request.url).search),
  };
}

export function createRouter(_api: Api) {
  return createBrowserRouter(
    [
      {
        element: <Shell />,
        errorElement: <RouteError />,
        HydrateFallback: PageSkeleton,
        children: [...pages.map(routeOf), ...redirects.map(redirectOf), { path: '*', element: <NotFound />, handle: null }],
      },
    ],
    { basename: basePath },
  );
}
