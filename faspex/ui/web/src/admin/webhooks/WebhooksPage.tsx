import { Add } from '@carbon/icons-react';
import { Button, Tag } from '@carbon/react';
import { keepPreviousData } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/context';
import { type Column, DataList } from '../../components/DataList';
import { EmptyState } from '../../components/EmptyState';
import { useListState } from '../../components/listState';
import { PageHeader } from '../../components/PageHeader';
import { Link, useNavigate } from '../../navigation/router';
import { usePreferences } from '../../shell/account';
import type { Webhook } from './webhooks';
import '../admin.scss';

/** Addresses of other systems that are told of packages that were uploaded. */
export default function WebhooksPage() {
  const { t } = useTranslation(['webhooks', 'admin']);
  const { hooks } = useApi();
  const navigate = useNavigate();
  const { rows_per_page: size } = usePreferences();
  const control = useListState({ size, sort: 'name' });
  const sort = control.sort === 'url' ? 'url' : 'name';
  const query = hooks.useQuery(
    'get',
    '/api/v5/webhooks',
    { params: { query: { limit: control.size, offset: (control.page - 1) * control.size, sort, ...(control.q ? { q: control.q } : {}) } } },
    { placeholderData: keepPreviousData },
  );
  const pageOf = (webhook: Webhook) => `/admin/webhooks/${encodeURIComponent(webhook.id)}`;
  const columns: Column<Webhook>[] = [
    {
      key: 'name',
      header: t('field.name'),
      cell: (webhook) => (
        <Link className="cds--link" to={pageOf(webhook)}>
          <bdi>{webhook.name}</bdi>
        </Link>
      ),
    },
    { key: 'url', header: t('field.url'), from: 'md', cell: (webhook) => <bdi dir="ltr">{webhook.url}</bdi> },
    { key: 'active', header: t('field.active'), cell: (webhook) => <Tag type={webhook.active ? 'green' : 'gray'}>{t(webhook.active ? 'active' : 'inactive')}</Tag> },
  ];
  const add = { label: t('new.title'), run: () => navigate('/admin/webhooks/new') };
  return (
    <>
      <PageHeader
        title={t('admin:webhooks.title')}
        text={t('text')}
        actions={
          <Button as={Link} to="/admin/webhooks/new" renderIcon={Add}>
            {add.label}
          </Button>
        }
      />
      <DataList<Webhook>
        label={t('admin:webhooks.title')}
        control={control}
        rows={query.data?.webhooks}
        total={query.data?.total_count ?? 0}
        error={query.error}
        busy={query.isPlaceholderData}
        retry={() => void query.refetch()}
        columns={columns}
        rowKey={(webhook) => webhook.id}
        rowName={(webhook) => webhook.name}
        below={(webhook) => <bdi dir="ltr">{webhook.url}</bdi>}
        search={t('search')}
        empty={<EmptyState title={t('empty.title')} text={t('empty.text')} action={add} />}
      />
    </>
  );
}
