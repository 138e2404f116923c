// Keys of texts are checked by the compiler, against the English catalogues.

import 'i18next';
import type admin from '../locales/en/admin.json';
import type account from '../locales/en/account.json';
import type groups from '../locales/en/groups.json';
import type invitations from '../locales/en/invitations.json';
import type packages from '../locales/en/packages.json';
import type send from '../locales/en/send.json';
import type settings from '../locales/en/settings.json';
import type shell from '../locales/en/shell.json';
import type transfers from '../locales/en/transfers.json';
import type webhooks from '../locales/en/webhooks.json';

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'shell';
    resources: {
      shell: typeof shell; packages: typeof packages; account: typeof account;
      send: typeof send; transfers: typeof transfers; admin: typeof admin; settings: typeof settings; groups: typeof groups;
      invitations: typeof invitations; webhooks: typeof webhooks;
    };
  }
}
