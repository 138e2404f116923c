import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/context';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { isolated } from '../../i18n/format';
import { useToast } from '../../shell/toasts';
import { forgetProfiles, type Profile } from './profiles';

export function DeleteProfile({ profile, done, close }: { profile: Profile; done?: () => void; close: () => void }) {
  const { t } = useTranslation('groups');
  const { client, queries } = useApi();
  const toast = useToast();
  const name = isolated(profile.name);
  const run = async () => {
    await client.DELETE('/api/v5/configuration/metadata_profiles/{id}', { params: { path: { id: profile.id } } });
    forgetProfiles(queries);
    toast({ kind: 'success', title: t('profile.delete.done', { name }) });
    done?.();
  };
  return (
    <ConfirmDialog title={t('profile.delete.title', { name })} confirm={t('profile.delete.action')} danger run={run} failed={t('profile.delete.failed')} close={close}>
      <p>{t('profile.delete.text')}</p>
    </ConfirmDialog>
  );
}
