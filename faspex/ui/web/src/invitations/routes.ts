import { Email } from '../shell/icons';
import type { Page } from '../routes';

/** The pages by which people without an account are asked for files. */
export const pages: readonly Page[] = [
  {
    app: 'packages',
    path: '/packages/invitations',
    title: 'invitations:title',
    permission: 'invitation.send',
    load: () => import('./InvitationsPage'),
    menu: { icon: Email },
  },
  {
    app: 'packages',
    path: '/packages/invitations/new',
    title: 'invitations:new.title',
    permission: 'invitation.send',
    load: () => import('./NewInvitationPage'),
    parent: '/packages/invitations',
  },
];
