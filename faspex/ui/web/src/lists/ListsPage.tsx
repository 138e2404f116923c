import { Add, ListBulleted } from '@carbon/icons-react';
import { Button } from '@carbon/react';
import { keepPreviousData } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from '../navigation/router';
import { useApi } from '../api/context';
import { type Column, DataList } from '../components/DataList';
import { EmptyState } from '../components/EmptyState';
import { useListState } from '../components/listState';
import { PageHeader } from '../components/PageHeader';
import { useFormat } from '../i18n/format';
import { usePreferences } from '../shell/account';
import { DeleteList } from './DeleteList';
import { addresses, type DistributionList, useScope } from './lists';

/** Lists of people to send to. */
export default function ListsPage() {
  const scope = useScope();
  const { t } = useTranslation('groups');
  const { hooks } = useApi();
  const format = useFormat();
  const navigate = useNavigate();
  const { rows_per_page: size } = usePreferences();
  const control = useListState({ size, sort: 'name' });
  const [deleting, setDeleting] = useState<DistributionList | null>(null);
  const address = addresses[scope];
  const query = hooks.useQuery(
    'get',
    '/api/v5/account/distribution_lists',
    { params: { query: { type: scope, limit: control.size, offset: (control.page - 1) * control.size, ...(control.q ? { q: control.q } : {}) } } },
    { placeholderData: keepPreviousData },
  );
  const pageOf = (list: DistributionList) => `${address}/${encodeURIComponent(list.id)}`;
  const columns: Column<DistributionList>[] = [
    {
      key: 'name',
      header: t('list.field.name'),
      cell: (list) => (
        <Link className="cds--link" to={pageOf(list)}>
          <bdi>{list.name}</bdi>
        </Link>
      ),
    },
    { key: 'people', header: t('list.column.people'), numeric: true, cell: (list) => format.count(list.contacts.length) },
  ];
  const add = { label: t('list.new.title'), run: () => navigate(`${address}/new`) };
  return (
    <>
      <PageHeader
        title={t(`list.${scope}.title`)}
        text={t(`list.${scope}.text`)}
        actions={
          <Button as={Link} to={`${address}/new`} renderIcon={Add}>
            {add.label}
          </Button>
        }
      />
      <DataList<DistributionList>
        label={t(`list.${scope}.title`)}
        control={control}
        rows={query.data?.distribution_lists}
        total={query.data?.total_count ?? 0}
        error={query.error}
        busy={query.isPlaceholderData}
        retry={() => void query.refetch()}
        columns={columns}
        rowKey={(list) => list.id}
        rowName={(list) => list.name}
        rowActions={(list) => [
          { label: t('group.action.open'), run: () => navigate(pageOf(list)) },
          { label: t('list.delete.action'), danger: true, run: () => setDeleting(list) },
        ]}
        search={t('search')}
        empty={<EmptyState icon={ListBulleted} title={t('list.empty')} text={t(`list.${scope}.emptyText`)} action={add} />}
      />
      {deleting && <DeleteList list={deleting} close={() => setDeleting(null)} />}
    </>
  );
}
