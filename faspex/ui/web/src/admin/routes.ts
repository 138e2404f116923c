import { Api, Clean, DataBase, Dashboard, Email, Group, InventoryManagement, License, ListBulleted, RecentlyViewed, Settings, TaskView, UserMultiple, UserProfile, Webhook } from '../shell/icons';
import type { Page } from '../routes';

const users = { app: 'admin', permission: 'admin.users.read' } as const;
const usersWrite = { app: 'admin', permission: 'admin.users.write' } as const;
const nodes = { app: 'admin', permission: 'admin.nodes.write' } as const;
const settings = { app: 'admin', permission: 'admin.configuration.write' } as const;
const clients = { app: 'admin', permission: 'admin.clients.write' } as const;

/** The pages of the Admin application. The server says by the capabilities of an account which of them it may open. */
export const pages: readonly Page[] = [
  { ...users, path: '/admin/users', title: 'admin:users.title', load: () => import('./users/UsersPage'), menu: { icon: UserMultiple } },
  { ...usersWrite, path: '/admin/users/new', title: 'admin:users.new.title', load: () => import('./users/NewUserPage'), parent: '/admin/users' },
  { ...users, path: '/admin/users/:id', title: 'admin:users.one.title', load: () => import('./users/UserPage'), parent: '/admin/users' },
  { ...users, path: '/admin/workgroups', title: 'admin:groups.workgroups', load: () => import('./groups/GroupsPage'), menu: { icon: Group } },
  { ...settings, path: '/admin/workgroups/new', title: 'admin:groups.workgroups', load: () => import('./groups/NewGroupPage'), parent: '/admin/workgroups' },
  { ...users, path: '/admin/workgroups/:id', title: 'admin:groups.workgroups', load: () => import('./groups/GroupPage'), parent: '/admin/workgroups' },
  { ...users, path: '/admin/shared-inboxes', title: 'admin:groups.inboxes', load: () => import('./groups/GroupsPage'), menu: { icon: InventoryManagement } },
  { ...settings, path: '/admin/shared-inboxes/new', title: 'admin:groups.inboxes', load: () => import('./groups/NewGroupPage'), parent: '/admin/shared-inboxes' },
  { ...users, path: '/admin/shared-inboxes/:id', title: 'admin:groups.inboxes', load: () => import('./groups/GroupPage'), parent: '/admin/shared-inboxes' },
  { ...settings, path: '/admin/distribution-lists', title: 'admin:groups.lists', load: () => import('../lists/ListsPage'), menu: { icon: ListBulleted } },
  { ...settings, path: '/admin/distribution-lists/new', title: 'admin:groups.lists', load: () => import('../lists/NewListPage'), parent: '/admin/distribution-lists' },
  { ...settings, path: '/admin/distribution-lists/:id', title: 'admin:groups.lists', load: () => import('../lists/ListPage'), parent: '/admin/distribution-lists' },
  { ...settings, path: '/admin/metadata', title: 'admin:groups.metadata', load: () => import('./metadata/ProfilesPage'), menu: { icon: License } },
  { ...settings, path: '/admin/metadata/new', title: 'admin:groups.metadata', load: () => import('./metadata/NewProfilePage'), parent: '/admin/metadata' },
  { ...settings, path: '/admin/metadata/:id', title: 'admin:groups.metadata', load: () => import('./metadata/ProfilePage'), parent: '/admin/metadata' },
  { app: 'admin', permission: 'admin.packages.write', path: '/admin/free-space', title: 'admin:groups.space', load: () => import('./SpacePage'), menu: { icon: Clean } },
  { ...settings, path: '/admin/user-properties', title: 'admin:properties.title', load: () => import('./properties/PropertiesPage'), menu: { icon: UserProfile } },
  { ...nodes, path: '/admin/nodes-storage', title: 'admin:nodes.title', load: () => import('./nodes/NodesPage'), menu: { icon: DataBase } },
  { ...nodes, path: '/admin/nodes-storage/new', title: 'admin:nodes.new.title', load: () => import('./nodes/NewNodePage'), parent: '/admin/nodes-storage' },
  { ...nodes, path: '/admin/nodes-storage/:id/profile', title: 'admin:nodes.one.title', load: () => import('./nodes/NodePage'), parent: '/admin/nodes-storage' },
  { ...nodes, path: '/admin/nodes-storage/:id/storage', title: 'admin:storage.title', load: () => import('./nodes/StoragePage'), parent: '/admin/nodes-storage' },
  { ...nodes, path: '/admin/nodes-storage/:id/storage/new', title: 'admin:storage.new.title', load: () => import('./nodes/NewStoragePage'), parent: '/admin/nodes-storage/:id/storage' },
  { ...nodes, path: '/admin/nodes-storage/:id/storage/:folder/profile', title: 'admin:storage.one.title', load: () => import('./nodes/StorageLocationPage'), parent: '/admin/nodes-storage/:id/storage' },
  { ...clients, path: '/admin/api-clients', title: 'admin:clients.title', load: () => import('./clients/ClientsPage'), menu: { icon: Api } },
  { ...clients, path: '/admin/api-clients/new', title: 'admin:clients.new.title', load: () => import('./clients/NewClientPage'), parent: '/admin/api-clients' },
  { ...clients, path: '/admin/api-clients/:id', title: 'admin:clients.one.title', load: () => import('./clients/ClientPage'), parent: '/admin/api-clients' },
  { ...settings, path: '/admin/configuration', title: 'admin:configuration.title', load: () => import('./settings/SettingsPage'), menu: { icon: Settings } },
  { ...settings, path: '/admin/configuration/:section', title: 'admin:configuration.part.title', load: () => import('./settings/SettingsPage'), parent: '/admin/configuration' },
  { ...settings, path: '/admin/mail', title: 'admin:mail.title', load: () => import('./mail/MailPage'), menu: { icon: Email } },
  { ...settings, path: '/admin/mail/templates', title: 'admin:mail.templates.title', load: () => import('./mail/TemplatesPage'), parent: '/admin/mail' },
  { ...settings, path: '/admin/mail/templates/:type', title: 'admin:mail.template.title', load: () => import('./mail/TemplatePage'), parent: '/admin/mail/templates' },
  { ...settings, path: '/admin/webhooks', title: 'admin:webhooks.title', load: () => import('./webhooks/WebhooksPage'), menu: { icon: Webhook } },
  { ...settings, path: '/admin/webhooks/new', title: 'admin:webhooks.title', load: () => import('./webhooks/NewWebhookPage'), parent: '/admin/webhooks' },
  { ...settings, path: '/admin/webhooks/:id', title: 'admin:webhooks.title', load: () => import('./webhooks/WebhookPage'), parent: '/admin/webhooks' },
  { ...settings, path: '/admin/jobs', title: 'admin:jobs.title', load: () => import('./jobs/JobsPage'), menu: { icon: TaskView } },
  { ...settings, path: '/admin/events', title: 'admin:events.title', load: () => import('./events/EventsPage'), menu: { icon: RecentlyViewed } },
  { ...settings, path: '/admin/events/retention', title: 'admin:events.retention.title', load: () => import('./events/RetentionPage'), parent: '/admin/events' },
  { app: 'admin', permission: 'admin.configuration.read', path: '/admin/health', title: 'admin:health.title', load: () => import('./HealthPage'), menu: { icon: Dashboard } },
];
