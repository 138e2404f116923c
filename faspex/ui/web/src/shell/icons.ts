// The icons of the shell. Each comes from a file of its own: from the package's index it would bring the icons of every page,
// which stand in the same files, and each visit would pay for them.

export { default as Api } from '@carbon/icons-react/es/Api.js';
export { default as Box } from '@carbon/icons-react/es/Box.js';
export { default as Catalog } from '@carbon/icons-react/es/Catalog.js';
export { default as CertificateCheck } from '@carbon/icons-react/es/CertificateCheck.js';
export { default as Clean } from '@carbon/icons-react/es/Clean.js';
export { default as Close } from '@carbon/icons-react/es/Close.js';
export { default as Dashboard } from '@carbon/icons-react/es/Dashboard.js';
export { default as DataBase } from '@carbon/icons-react/es/DataBase.js';
export { default as Email } from '@carbon/icons-react/es/Email.js';
export { default as Group } from '@carbon/icons-react/es/Group.js';
export { default as Hourglass } from '@carbon/icons-react/es/Hourglass.js';
export { default as Inbox } from '@carbon/icons-react/es/MailAll.js';
export { default as InventoryManagement } from '@carbon/icons-react/es/InventoryManagement.js';
export { default as License } from '@carbon/icons-react/es/License.js';
export { default as ListBulleted } from '@carbon/icons-react/es/ListBulleted.js';
export { default as Menu } from '@carbon/icons-react/es/Menu.js';
export { default as Password } from '@carbon/icons-react/es/Password.js';
export { default as RecentlyViewed } from '@carbon/icons-react/es/RecentlyViewed.js';
export { default as Send } from '@carbon/icons-react/es/Send.js';
export { default as Settings } from '@carbon/icons-react/es/Settings.js';
export { default as TaskView } from '@carbon/icons-react/es/TaskView.js';
export { default as UserAvatar } from '@carbon/icons-react/es/UserAvatar.js';
export { default as UserMultiple } from '@carbon/icons-react/es/UserMultiple.js';
export { default as UserProfile } from '@carbon/icons-react/es/UserProfile.js';
export { default as WarningAltFilled } from '@carbon/icons-react/es/WarningAltFilled.js';
export { default as Webhook } from '@carbon/icons-react/es/Webhook.js';
