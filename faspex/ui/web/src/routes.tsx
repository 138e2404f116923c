// The table of routes. Menu, guards, titles and breadcrumbs are derived from it: a page is one line in the table of its
// application (docs/page.md).

import type { CarbonIconType } from '@carbon/icons-react';
import type { ComponentType } from 'react';
import { accountPages } from './account/routes';
import { pages as adminPages } from './admin/routes';
import type { Capability } from './auth/capabilities';
import { pages as invitationPages } from './invitations/routes';
import { packagesPages } from './packages/routes';
import { pages as sendPages } from './send/routes';

/** An application is a part of the page with a menu of its own. The account's pages are reached by the person's menu. */
export type App = 'packages' | 'admin' | 'account';

export interface Page {
  /** Below the base path, with parameters as react-router has them. */
  path: string;
  app: App;
  load: () => Promise<{ default: ComponentType }>;
  /** Key of the text that names it, with its namespace; the namespaces of `texts` are loaded before. */
  title: string;
  /** Who may see it; absent: everybody who is logged in. */
  permission?: Capability;
  /** Its place in the application's menu; absent: not there. */
  menu?: { icon: CarbonIconType };
  /** Path of the page above it in the breadcrumb. */
  parent?: string;
}

/** An application's switch in the header, and where it leads: to the first page that the person may see. */
export interface Application {
  app: App;
  /** Key of its name in the shell's texts. */
  name: 'app.packages' | 'app.admin';
}

export const applications: readonly Application[] = [
  { app: 'packages', name: 'app.packages' },
  { app: 'admin', name: 'app.admin' },
];

export const pages: readonly Page[] = [...packagesPages, ...invitationPages, ...sendPages, ...accountPages, ...adminPages];

/** Addresses of former versions. */
export const redirects: readonly { from: string; to: string }[] = [
  { from: '/', to: '/packages/received' },
  { from: '/received', to: '/packages/received' },
  { from: '/received/:id', to: '/packages/received/:id' },
  { from: '/sent', to: '/packages/sent' },
  { from: '/sent/:id', to: '/packages/sent/:id' },
  { from: '/new', to: '/packages/new' },
  { from: '/packages', to: '/packages/received' },
  { from: '/account', to: '/account/profile' },
  { from: '/admin/packages', to: '/packages/all' },
];

export function pageAt(path: string): Page | undefined {
  return pages.find((page) => page.path === path);
}

/** The pages above a page, outermost first. */
export function pagesAbove(page: Page): Page[] {
  const parent = page.parent === undefined ? undefined : pageAt(page.parent);
  return parent ? [...pagesAbove(parent), parent] : [];
}
