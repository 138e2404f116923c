import { Button } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from '../../navigation/router';
import { useApi } from '../../api/context';
import { SettingsForm } from '../../components/form/SettingsForm';
import { PageHeader } from '../../components/PageHeader';
import { ProfileFields } from './ProfileFields';
import { forgetProfiles, newProfile, profileChange, type ProfileValues } from './profiles';
import '../admin.scss';

export default function NewProfilePage() {
  const { t } = useTranslation('groups');
  const { client, queries } = useApi();
  const navigate = useNavigate();
  const save = async (values: ProfileValues) => {
    const { data } = await client.POST('/api/v5/configuration/metadata_profiles', { body: profileChange(values) });
    forgetProfiles(queries);
    navigate(data ? `/admin/metadata/${encodeURIComponent(data.id)}` : '/admin/metadata');
  };
  return (
    <>
      <PageHeader title={t('profile.new.title')} text={t('profile.new.text')} />
      <SettingsForm<ProfileValues>
        values={newProfile}
        save={save}
        saved={t('profile.new.saved')}
        submit={t('action.create')}
        creates
        actions={
          <Button kind="ghost" as={Link} to="/admin/metadata">
            {t('action.cancel')}
          </Button>
        }
      >
        <ProfileFields />
      </SettingsForm>
    </>
  );
}
