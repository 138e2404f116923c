import { Button } from '@carbon/react';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useParams } from '../../navigation/router';
import { useApi } from '../../api/context';
import { PageHeader } from '../../components/PageHeader';
import { ProblemNotice } from '../../components/ProblemNotice';
import { useFormat } from '../../i18n/format';
import { PageSkeleton } from '../../shell/PageSkeleton';
import { type Fields, useVersioned, VersionedForm } from '../versioned';
import { DeleteProfile } from './DeleteProfile';
import { ProfileFields } from './ProfileFields';
import { fieldsOf, forgetProfiles, type Profile, profileChange, type ProfileValues, profileValues } from './profiles';
import '../admin.scss';

/** One profile: its fields, their order and their rules. */
export default function ProfilePage() {
  const { id = '' } = useParams();
  const { t } = useTranslation('groups');
  const { client } = useApi();
  const query = useVersioned<Profile>(['metadata', id], (signal) => client.GET('/api/v5/configuration/metadata_profiles/{id}', { params: { path: { id } }, signal }));
  if (!query.data) {
    return (
      <>
        <PageHeader title={t('profile.one')} />
        {query.error ? <ProblemNotice title={t('profile.failed')} error={query.error} retry={() => void query.refetch()} /> : <PageSkeleton />}
      </>
    );
  }
  return <OneProfile key={id} query={query} profile={query.data.thing} />;
}

function OneProfile({ query, profile }: { query: ReturnType<typeof useVersioned<Profile>>; profile: Profile }) {
  const { t } = useTranslation('groups');
  const { client, queries } = useApi();
  const format = useFormat();
  const navigate = useNavigate();
  const [deleting, setDeleting] = useState(false);
  const values = useMemo(() => profileValues(profile), [profile]);
  const onOff = (value: boolean) => t(value ? 'value.on' : 'value.off');
  const fields: Fields<ProfileValues> = {
    name: { label: t('profile.name') },
    default: { label: t('profile.default'), show: onOff },
    title_length: { label: t('profile.title_length') },
    title_illegal: { label: t('profile.title_illegal') },
    note_enabled: { label: t('profile.note_enabled'), show: onOff },
    note_length: { label: t('profile.note_length') },
    note_illegal: { label: t('profile.note_illegal') },
    fields: { label: t('profile.fields'), show: (text) => format.list(fieldsOf(text).map(({ name }) => name)) },
  };
  // Title and note are each sent as a whole; what was not changed of them is as it was read.
  const store = (changed: Partial<ProfileValues>, etag: string) => {
    const whole = profileChange({ ...values, ...changed });
    const body = {
      ...('name' in changed ? { name: whole.name } : {}),
      ...('default' in changed ? { default: whole.default } : {}),
      ...('title_length' in changed || 'title_illegal' in changed ? { title: whole.title } : {}),
      ...('note_enabled' in changed || 'note_length' in changed || 'note_illegal' in changed ? { note: whole.note } : {}),
      ...('fields' in changed ? { fields: whole.fields } : {}),
    } as typeof whole;
    return client.PUT('/api/v5/configuration/metadata_profiles/{id}', { params: { path: { id: profile.id }, header: { 'If-Match': etag } }, body });
  };
  return (
    <>
      <PageHeader title={profile.name} isolated text={t('profile.oneText')} />
      <VersionedForm<Profile, ProfileValues> query={query} values={values} fields={fields} store={store} saved={t('profile.saved')} after={() => forgetProfiles(queries)}>
        <ProfileFields />
      </VersionedForm>
      <section className="section" aria-labelledby="profile-remove">
        <h2 id="profile-remove">{t('profile.delete.heading')}</h2>
        <p className="section-text">{t('profile.delete.text')}</p>
        <Button kind="danger--tertiary" onClick={() => setDeleting(true)}>
          {t('profile.delete.action')}
        </Button>
      </section>
      {deleting && <DeleteProfile profile={profile} done={() => navigate('/admin/metadata')} close={() => setDeleting(false)} />}
    </>
  );
}
