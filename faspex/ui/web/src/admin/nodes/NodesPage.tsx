import { Add, DataBase } from '@carbon/icons-react';
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
import { useFormat } from '../../i18n/format';
import { usePreferences } from '../../shell/account';
import type { Node } from '../types';
import { DeleteNode } from './DeleteNode';
import { DefaultInboxTag, NodeStatus } from './NodeTags';
import { useNodeTest } from './useNodeTest';
import '../admin.scss';

/** The transfer nodes that packages are sent to and taken from. */
export default function NodesPage() {
  const { t } = useTranslation('admin');
  const { hooks } = useApi();
  const navigate = useNavigate();
  const test = useNodeTest();
  const { rows_per_page: size } = usePreferences();
  const control = useListState({ size, sort: 'name' });
  const [deleting, setDeleting] = useState<Node | null>(null);
  const query = hooks.useQuery(
    'get',
    '/api/v5/nodes',
    {
      params: {
        query: {
          expand: true,
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
  const rowActions = (node: Node): Action[] => [
    { label: t('nodes.action.edit'), run: () => navigate(`/admin/nodes-storage/${node.id}/profile`) },
    { label: t('nodes.action.storage'), run: () => navigate(`/admin/nodes-storage/${node.id}/storage`) },
    { label: t('nodes.action.test'), run: () => void test(node) },
    { label: t('nodes.action.delete'), danger: true, run: () => setDeleting(node) },
  ];
  const add = { label: t('nodes.action.new'), run: () => navigate('/admin/nodes-storage/new') };
  const columns = useColumns();
  return (
    <>
      <PageHeader
        title={t('nodes.title')}
        text={t('nodes.text')}
        actions={
          <Button as={Link} to="/admin/nodes-storage/new" renderIcon={Add}>
            {add.label}
          </Button>
        }
      />
      <DataList<Node>
        label={t('nodes.title')}
        control={control}
        rows={query.data?.nodes}
        total={query.data?.total_count ?? 0}
        error={query.error}
        busy={query.isPlaceholderData}
        retry={() => void query.refetch()}
        columns={columns}
        rowKey={(node) => node.id}
        rowName={(node) => node.name}
        below={(node) => <bdi dir="ltr">{node.host}</bdi>}
        rowActions={rowActions}
        search={t('nodes.search')}
        empty={<EmptyState icon={DataBase} title={t('nodes.empty.title')} text={t('nodes.empty.text')} action={add} />}
      />
      {deleting && <DeleteNode node={deleting} close={() => setDeleting(null)} />}
    </>
  );
}

function useColumns(): Column<Node>[] {
  const { t } = useTranslation('admin');
  const format = useFormat();
  return [
    {
      key: 'name',
      header: t('nodes.column.name'),
      sort: 'name',
      cell: (node) => (
        <Link className="cds--link" to={`/admin/nodes-storage/${node.id}/profile`}>
          <bdi>{node.name}</bdi>
        </Link>
      ),
    },
    { key: 'host', header: t('nodes.column.host'), sort: 'host', from: 'md', cell: (node) => <bdi dir="ltr">{`${node.host}:${node.api_port}`}</bdi> },
    { key: 'status', header: t('nodes.column.status'), sort: 'status', cell: (node) => <NodeStatus node={node} /> },
    {
      key: 'storage',
      header: t('nodes.column.storage'),
      from: 'md',
      cell: (node) => (
        <span className="title-line">
          <Link className="cds--link" to={`/admin/nodes-storage/${node.id}/storage`}>
            {t('nodes.storageCount', { count: node.shared_folders?.length ?? 0, total: format.count(node.shared_folders?.length ?? 0) })}
          </Link>
          {node.shared_folders?.some((folder) => folder.default_inbox) && <DefaultInboxTag />}
        </span>
      ),
    },
  ];
}
