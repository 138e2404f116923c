import { Add, Api as ApiIcon } from '@carbon/icons-react';
import { Button } from '@carbon/react';
import { keepPreviousData } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from '../../navigation/router';
import { useApi } from '../../api/context';
import { type Action, type Column, DataList } from '../../components/DataList';
import { EmptyState } from '../../components/EmptyState';
import { useListState } from '../../components/listState';
import { PageHeader } from '../../components/PageHeader';
import { usePreferences } from '../../shell/account';
import type { OAuthClient } from '../types';
import { DeleteClient } from './DeleteClient';
import '../admin.scss';

/** The programs that may get tokens, but for the product's own. */
export default function ClientsPage() {
  const { t } = useTranslation('admin');
  const { hooks } = useApi();
  const navigate = useNavigate();
  const { rows_per_page: size } = usePreferences();
  const control = useListState({ size, sort: 'name' });
  const [deleting, setDeleting] = useState<OAuthClient | null>(null);
  const query = hooks.useQuery(
    'get',
    '/auth/oauth_clients',
    {
      params: {
        query: {
          limit: control.size,
          offset: (control.page - 1) * control.size,
          sort: control.sort.replace(/^-/, '') as 'name',
          descending: control.sort.startsWith('-'),
          ...(control.q ? { q: control.q } : {}),
        },
      },
    },
    { placeholderData: keepPreviousData },
  );
  const pageOf = (client: OAuthClient) => `/admin/api-clients/${encodeURIComponent(client.client_id)}`;
  const columns: Column<OAuthClient>[] = [
    {
      key: 'name',
      header: t('clients.column.name'),
      sort: 'name',
      cell: (client) => (
        <Link className="cds--link" to={pageOf(client)}>
          <bdi>{client.name}</bdi>
        </Link>
      ),
    },
    { key: 'id', header: t('clients.field.client_id'), sort: 'client_id', from: 'md', cell: (client) => <bdi dir="ltr">{client.client_id}</bdi> },
    { key: 'type', header: t('clients.field.client_type'), sort: 'client_type', cell: (client) => t(`clients.type.${client.client_type}`) },
    { key: 'description', header: t('clients.field.description'), from: 'lg', cell: (client) => <bdi>{client.description}</bdi> },
  ];
  const rowActions = (client: OAuthClient): Action[] => [
    { label: t('clients.action.edit'), run: () => navigate(pageOf(client)) },
    { label: t('clients.action.delete'), danger: true, run: () => setDeleting(client) },
  ];
  const add = { label: t('clients.action.new'), run: () => navigate('/admin/api-clients/new') };
  return (
    <>
      <PageHeader
        title={t('clients.title')}
        text={t('clients.text')}
        actions={
          <Button as={Link} to="/admin/api-clients/new" renderIcon={Add}>
            {add.label}
          </Button>
        }
      />
      <DataList<OAuthClient>
        label={t('clients.title')}
        control={control}
        rows={query.data?.oauth_clients}
        total={query.data?.total_count ?? 0}
        error={query.error}
        busy={query.isPlaceholderData}
        retry={() => void query.refetch()}
        columns={columns}
        rowKey={(client) => client.client_id}
        rowName={(client) => client.name}
        below={(client) => <bdi dir="ltr">{client.client_id}</bdi>}
        rowActions={rowActions}
        search={t('clients.search')}
        empty={<EmptyState icon={ApiIcon} title={t('clients.empty.title')} text={t('clients.empty.text')} action={add} />}
      />
      {deleting && <DeleteClient of={deleting} close={() => setDeleting(null)} />}
    </>
  );
}
