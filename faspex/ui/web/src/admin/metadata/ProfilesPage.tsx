import { Add, License } from '@carbon/icons-react';
import { Button, Tag } from '@carbon/react';
import { keepPreviousData } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from '../../navigation/router';
import { useApi } from '../../api/context';
import { type Column, DataList } from '../../components/DataList';
import { EmptyState } from '../../components/EmptyState';
import { useListState } from '../../components/listState';
import { PageHeader } from '../../components/PageHeader';
import { useFormat } from '../../i18n/format';
import { usePreferences } from '../../shell/account';
import { DeleteProfile } from './DeleteProfile';
import type { Profile } from './profiles';
import '../admin.scss';

/** What senders are asked to fill in beside the title. */
export default function ProfilesPage() {
  const { t } = useTranslation('groups');
  const { hooks } = useApi();
  const format = useFormat();
  const navigate = useNavigate();
  const { rows_per_page: size } = usePreferences();
  const control = useListState({ size, sort: 'name' });
  const [deleting, setDeleting] = useState<Profile | null>(null);
  const query = hooks.useQuery(
    'get',
    '/api/v5/configuration/metadata_profiles',
    { params: { query: { limit: control.size, offset: (control.page - 1) * control.size, ...(control.q ? { q: control.q } : {}) } } },
    { placeholderData: keepPreviousData },
  );
  const pageOf = (profile: Profile) => `/admin/metadata/${encodeURIComponent(profile.id)}`;
  const columns: Column<Profile>[] = [
    {
      key: 'name',
      header: t('profile.name'),
      cell: (profile) => (
        <>
          <Link className="cds--link" to={pageOf(profile)}>
            <bdi>{profile.name}</bdi>
          </Link>
          {profile.default && <Tag type="blue">{t('profile.isDefault')}</Tag>}
        </>
      ),
    },
    { key: 'fields', header: t('profile.fields'), from: 'md', cell: (profile) => <bdi>{format.list(profile.fields.map(({ name }) => name))}</bdi> },
    { key: 'changed', header: t('profile.changed'), date: true, from: 'lg', cell: (profile) => format.date(profile.updated_at) },
  ];
  const add = { label: t('profile.new.title'), run: () => navigate('/admin/metadata/new') };
  return (
    <>
      <PageHeader
        title={t('profile.title')}
        text={t('profile.text')}
        actions={
          <Button as={Link} to="/admin/metadata/new" renderIcon={Add}>
            {add.label}
          </Button>
        }
      />
      <DataList<Profile>
        label={t('profile.title')}
        control={control}
        rows={query.data?.profiles}
        total={query.data?.total_count ?? 0}
        error={query.error}
        busy={query.isPlaceholderData}
        retry={() => void query.refetch()}
        columns={columns}
        rowKey={(profile) => profile.id}
        rowName={(profile) => profile.name}
        rowActions={(profile) => [
          { label: t('group.action.open'), run: () => navigate(pageOf(profile)) },
          { label: t('profile.delete.action'), danger: true, run: () => setDeleting(profile) },
        ]}
        search={t('search')}
        empty={<EmptyState icon={License} title={t('profile.empty')} text={t('profile.emptyText')} action={add} />}
      />
      {deleting && <DeleteProfile profile={deleting} close={() => setDeleting(null)} />}
    </>
  );
}
