import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/context';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { isolated, useFormat } from '../../i18n/format';
import { useToast } from '../../shell/toasts';
import { type Group, type Kind, kinds } from './groups';

export function DeleteGroup({ kind, group, done, close }: { kind: Kind; group: Group; done?: () => void; close: () => void }) {
  const { t } = useTranslation('groups');
  const { client, queries } = useApi();
  const format = useFormat();
  const toast = useToast();
  const name = isolated(group.name);
  const run = async () => {
    await client.DELETE(kinds[kind].one, { params: { path: { id: group.id } } });
    // The group itself is not asked for again: its page may be open still.
    void queries.invalidateQueries({ queryKey: ['get', kinds[kind].all] });
    toast({ kind: 'success', title: t('group.delete.done', { name }) });
    done?.();
  };
  const members = group.active_members_count ?? 0;
  return (
    <ConfirmDialog title={t('group.delete.title', { name })} confirm={t('group.action.delete')} danger run={run} failed={t('group.delete.failed')} close={close}>
      <p>{t('group.delete.text', { count: members, members: format.count(members) })}</p>
    </ConfirmDialog>
  );
}
