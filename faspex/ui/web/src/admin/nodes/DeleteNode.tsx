import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/context';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { useToast } from '../../shell/toasts';
import type { Node } from '../types';
import { forgetNodes } from './nodes';

export function DeleteNode({ node, done, close }: { node: Node; done?: () => void; close: () => void }) {
  const { t } = useTranslation('admin');
  const { client, queries } = useApi();
  const toast = useToast();
  const run = async () => {
    await client.DELETE('/api/v5/nodes/{id}', { params: { path: { id: node.id } } });
    forgetNodes(queries);
    toast({ kind: 'success', title: t('nodes.delete.done', { name: node.name }) });
    done?.();
  };
  return (
    <ConfirmDialog title={t('nodes.delete.title', { name: node.name })} confirm={t('nodes.action.delete')} danger run={run} failed={t('nodes.delete.failed')} close={close}>
      <p>{t('nodes.delete.text')}</p>
    </ConfirmDialog>
  );
}
