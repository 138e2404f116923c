import type { Page } from '../routes';

/** The pages that send packages. */
export const pages: readonly Page[] = [
  {
    path: '/packages/new',
    app: 'packages',
    title: 'send:title',
    permission: 'package.send',
    load: () => import('./SendPage'),
    parent: '/packages/sent',
  },
  { path: '/packages/forward/:id', app: 'packages', title: 'send:forward.title', load: () => import('./ForwardPage'), parent: '/packages/received' },
];
