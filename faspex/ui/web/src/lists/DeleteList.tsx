import { useTranslation } from 'react-i18next';
import { useApi } from '../api/context';
import { ConfirmDialog } from '../components/ConfirmDialog';
import { isolated } from '../i18n/format';
import { useToast } from '../shell/toasts';
import { type DistributionList, forgetLists } from './lists';

export function DeleteList({ list, done, close }: { list: DistributionList; done?: () => void; close: () => void }) {
  const { t } = useTranslation('groups');
  const { client, queries } = useApi();
  const toast = useToast();
  const name = isolated(list.name);
  const run = async () => {
    await client.DELETE('/api/v5/account/distribution_lists/{id}', { params: { path: { id: list.id } } });
    forgetLists(queries);
    toast({ kind: 'success', title: t('list.delete.done', { name }) });
    done?.();
  };
  return (
    <ConfirmDialog title={t('list.delete.title', { name })} confirm={t('list.delete.action')} danger run={run} failed={t('list.delete.failed')} close={close}>
      <p>{t('list.delete.text')}</p>
    </ConfirmDialog>
  );
}
