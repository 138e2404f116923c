import { UserProfile } from '@carbon/icons-react';
import type { Page } from '../routes';

export const accountPages: readonly Page[] = [
  { path: '/account/profile', app: 'account', title: 'account:profile.title', load: () => import('./ProfilePage'), menu: { icon: UserProfile } },
];
