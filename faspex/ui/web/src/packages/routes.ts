import { Box, Catalog, Hourglass, Inbox, RecentlyViewed, Send } from '../shell/icons';
import type { Capability } from '../auth/capabilities';
import type { Page } from '../routes';
import { boxNames, type Box as BoxName, groupBoxNames, type GroupBox } from './boxes';

const icons = { received: Box, 'all-received': Inbox, sent: Send, pending: Hourglass, history: RecentlyViewed, all: Catalog };
const permissions: Partial<Record<BoxName, Capability>> = { all: 'admin.packages.read' };

function pagesOf(box: BoxName): Page[] {
  const permission = permissions[box];
  const common = { app: 'packages' as const, ...(permission ? { permission } : {}) };
  return [
    { ...common, path: `/packages/${box}`, title: `packages:box.${box}.title`, load: () => import('./BoxPage'), menu: { icon: icons[box] } },
    { ...common, path: `/packages/${box}/:id`, title: 'packages:package.title', load: () => import('./PackagePage'), parent: `/packages/${box}` },
  ];
}

/** The mailboxes of groups are reached by the part of the menu that lists the person's own. */
function groupPagesOf(box: GroupBox): Page[] {
  const title = `packages:group.${box}.title`;
  const path = `/packages/${box}/:group`;
  return [
    { app: 'packages', path, title, load: () => import('./GroupBoxPage') },
    // Its admins are not always people who have an application for administration.
    { app: 'packages', path: `${path}/manage`, title: 'packages:group.manage', load: () => import('../admin/groups/GroupPage'), parent: path },
    { app: 'packages', path: `${path}/:id`, title: 'packages:package.title', load: () => import('./PackagePage'), parent: path },
  ];
}

/** The pages about packages; those that send one are in the table of `send`. */
export const packagesPages: readonly Page[] = [...boxNames.flatMap(pagesOf), ...groupBoxNames.flatMap(groupPagesOf)];
