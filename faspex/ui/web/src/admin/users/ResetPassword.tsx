import { useState } from 'react';
import { Button } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/context';
import type { Account } from '../../api/types';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { personName } from '../../i18n/format';
import { useToast } from '../../shell/toasts';

/** Has a link to set another password mailed to somebody: nobody sets the password of another. */
export function ResetPassword({ account }: { account: Account }) {
  const { t } = useTranslation('admin');
  const { client } = useApi();
  const toast = useToast();
  const [asks, setAsks] = useState(false);
  const run = async () => {
    await client.POST('/api/v5/accounts/{id}/reset_password', { params: { path: { id: account.id } } });
    toast({ kind: 'success', title: t('users.password.sent', { email: account.email }) });
  };
  return (
    <section className="section" aria-labelledby="user-password">
      <h2 id="user-password">{t('users.password.title')}</h2>
      <p className="section-text">{t('users.password.text')}</p>
      <Button kind="tertiary" onClick={() => setAsks(true)}>
        {t('users.password.submit')}
      </Button>
      {asks && (
        <ConfirmDialog
          title={t('users.password.ask', { name: personName(account) })}
          confirm={t('users.password.submit')}
          run={run}
          failed={t('users.password.failed')}
          close={() => setAsks(false)}
        >
          <p>{t('users.password.askText', { email: account.email })}</p>
        </ConfirmDialog>
      )}
    </section>
  );
}
