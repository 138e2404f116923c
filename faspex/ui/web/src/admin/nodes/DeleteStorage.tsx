import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/context';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { useToast } from '../../shell/toasts';
import type { StorageLocation } from '../types';
import { forgetNodes } from './nodes';

export function DeleteStorage({ location, done, close }: { location: StorageLocation; done?: () => void; close: () => void }) {
  const { t } = useTranslation('admin');
  const { client, queries } = useApi();
  const toast = useToast();
  const run = async () => {
    await client.DELETE('/api/v5/nodes/{node_id}/shared_folders/{id}', { params: { path: { node_id: location.node_id, id: location.id } } });
    forgetNodes(queries);
    toast({ kind: 'success', title: t('storage.delete.done', { name: location.name }) });
    done?.();
  };
  return (
    <ConfirmDialog
      title={t('storage.delete.title', { name: location.name })}
      confirm={t('storage.action.delete')}
      danger
      run={run}
      failed={t('storage.delete.failed')}
      close={close}
    >
      <p>{t('storage.delete.text')}</p>
      {location.default_inbox && <p>{t('storage.delete.default')}</p>}
    </ConfirmDialog>
  );
}
