import { CertificateCheck, ListBulleted, Password, Settings, UserProfile } from '../shell/icons';
import type { Page } from '../routes';

/** The pages about the person's own account. */
export const accountPages: readonly Page[] = [
  { path: '/account/profile', app: 'account', title: 'account:profile.title', load: () => import('./ProfilePage'), menu: { icon: UserProfile } },
  { path: '/account/preferences', app: 'account', title: 'account:preferences.title', load: () => import('./PreferencesPage'), menu: { icon: Settings } },
  { path: '/account/password', app: 'account', title: 'account:password.title', load: () => import('./PasswordPage'), menu: { icon: Password } },
  { path: '/account/key', app: 'account', title: 'account:key.title', load: () => import('./KeyPage'), menu: { icon: CertificateCheck } },
  { path: '/account/lists', app: 'account', title: 'account:lists', load: () => import('../lists/ListsPage'), menu: { icon: ListBulleted } },
  { path: '/account/lists/new', app: 'account', title: 'account:lists', load: () => import('../lists/NewListPage'), parent: '/account/lists' },
  { path: '/account/lists/:id', app: 'account', title: 'account:lists', load: () => import('../lists/ListPage'), parent: '/account/lists' },
];
