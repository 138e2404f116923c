import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/context';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { useToast } from '../../shell/toasts';
import type { OAuthClient } from '../types';
import { forgetClients } from './clients';

export function DeleteClient({ of, done, close }: { of: OAuthClient; done?: () => void; close: () => void }) {
  const { t } = useTranslation('admin');
  const { client, queries } = useApi();
  const toast = useToast();
  const run = async () => {
    await client.DELETE('/auth/oauth_clients/{id}', { params: { path: { id: of.client_id } } });
    forgetClients(queries);
    toast({ kind: 'success', title: t('clients.delete.done', { name: of.name }) });
    done?.();
  };
  return (
    <ConfirmDialog title={t('clients.delete.title', { name: of.name })} confirm={t('clients.action.delete')} danger run={run} failed={t('clients.delete.failed')} close={close}>
      <p>{t('clients.delete.text')}</p>
    </ConfirmDialog>
  );
}
