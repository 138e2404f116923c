import { useTranslation } from 'react-i18next';
import { useApi } from '../api/context';
import { ConfirmDialog } from '../components/ConfirmDialog';
import { isolated } from '../i18n/format';
import { useToast } from '../shell/toasts';
import { forgetInvitations, type Invitation } from './invitations';

export function Withdraw({ invitation, close }: { invitation: Invitation; close: () => void }) {
  const { t } = useTranslation('invitations');
  const { client, queries } = useApi();
  const toast = useToast();
  const address = isolated(invitation.email_address);
  const run = async () => {
    await client.DELETE('/api/v5/invitations/{id}', { params: { path: { id: invitation.id } } });
    forgetInvitations(queries);
    toast({ kind: 'success', title: t('withdraw.done', { address }) });
  };
  return (
    <ConfirmDialog title={t('withdraw.title', { address })} confirm={t('action.withdraw')} danger run={run} failed={t('withdraw.failed')} close={close}>
      <p>{t('withdraw.text')}</p>
    </ConfirmDialog>
  );
}
