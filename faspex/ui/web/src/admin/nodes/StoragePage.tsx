import { Add, FolderShared } from '@carbon/icons-react';
import { Button } from '@carbon/react';
import { keepPreviousData } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate, useParams } from '../../navigation/router';
import { useApi } from '../../api/context';
import { type Action, type Column, DataList } from '../../components/DataList';
import { EmptyState } from '../../components/EmptyState';
import { useListState } from '../../components/listState';
import { useProblemText } from '../../components/ProblemNotice';
import { useFormat } from '../../i18n/format';
import { usePreferences } from '../../shell/account';
import { useToast } from '../../shell/toasts';
import type { StorageLocation } from '../types';
import { DeleteStorage } from './DeleteStorage';
import { NodeFrame, useNode } from './NodeFrame';
import { forgetNodes } from './nodes';
import { DefaultInboxTag } from './NodeTags';

/** The storage locations of a node. */
export default function StoragePage() {
  const { id = '' } = useParams();
  const { t } = useTranslation('admin');
  const { hooks } = useApi();
  const node = useNode();
  const navigate = useNavigate();
  const { rows_per_page: size } = usePreferences();
  const control = useListState({ size, sort: 'name' });
  const [deleting, setDeleting] = useState<StorageLocation | null>(null);
  const makeDefault = useMakeDefault();
  const query = hooks.useQuery(
    'get',
    '/api/v5/nodes/{node_id}/shared_folders',
    {
      params: {
        path: { node_id: id },
        query: { limit: control.size, offset: (control.page - 1) * control.size, sort: 'name', ...(control.q ? { q: control.q } : {}) },
      },
    },
    { placeholderData: keepPreviousData },
  );
  const here = `/admin/nodes-storage/${id}/storage`;
  const columns: Column<StorageLocation>[] = [
    {
      key: 'name',
      header: t('storage.column.name'),
      cell: (location) => (
        <span className="title-line">
          <Link className="cds--link" to={`${here}/${location.id}/profile`}>
            <bdi>{location.name}</bdi>
          </Link>
          {location.default_inbox && <DefaultInboxTag />}
        </span>
      ),
    },
    { key: 'directory', header: t('storage.column.directory'), from: 'md', cell: (location) => <bdi dir="ltr">{location.directory}</bdi> },
    { key: 'read', header: t('storage.column.read'), from: 'lg', cell: (location) => t(`storage.read.${location.read_permission}`) },
  ];
  const rowActions = (location: StorageLocation): Action[] => [
    { label: t('storage.action.edit'), run: () => navigate(`${here}/${location.id}/profile`) },
    ...(location.default_inbox ? [] : [{ label: t('storage.action.makeDefault'), run: () => void makeDefault(location) }]),
    { label: t('storage.action.delete'), danger: true, run: () => setDeleting(location) },
  ];
  const add = { label: t('storage.action.new'), run: () => navigate(`${here}/new`) };
  return (
    <NodeFrame
      query={node}
      title={t('storage.title')}
      actions={
        <Button as={Link} to={`${here}/new`} renderIcon={Add}>
          {add.label}
        </Button>
      }
    >
      {() => (
        <>
          <p className="section-text">{t('storage.text')}</p>
          <Space />
          <DataList<StorageLocation>
            label={t('storage.title')}
            control={control}
            rows={query.data?.shared_folders}
            total={query.data?.total_count ?? 0}
            error={query.error}
            busy={query.isPlaceholderData}
            retry={() => void query.refetch()}
            columns={columns}
            rowKey={(location) => location.id}
            rowName={(location) => location.name}
            below={(location) => <bdi dir="ltr">{location.directory}</bdi>}
            rowActions={rowActions}
            search={t('storage.search')}
            empty={<EmptyState icon={FolderShared} title={t('storage.empty.title')} text={t('storage.empty.text')} action={add} />}
          />
          {deleting && <DeleteStorage location={deleting} close={() => setDeleting(null)} />}
        </>
      )}
    </NodeFrame>
  );
}

/** Has new packages go to a storage location. */
function useMakeDefault(): (location: StorageLocation) => Promise<void> {
  const { t } = useTranslation('admin');
  const { client, queries } = useApi();
  const toast = useToast();
  const textOf = useProblemText();
  return async (location) => {
    try {
      await client.PUT('/api/v5/nodes/{node_id}/shared_folders/{id}', {
        params: { path: { node_id: location.node_id, id: location.id } },
        body: { default_inbox: true },
      });
      toast({ kind: 'success', title: t('storage.madeDefault', { name: location.name }) });
    } catch (error) {
      toast({ kind: 'error', title: t('storage.notMadeDefault'), text: textOf(error) });
    }
    forgetNodes(queries);
    void queries.invalidateQueries({ queryKey: ['admin', 'storage'] });
  };
}

/** How much there is of the node's storage. */
function Space() {
  const { id = '' } = useParams();
  const { t } = useTranslation('admin');
  const { hooks } = useApi();
  const format = useFormat();
  const node = hooks.useQuery('get', '/api/v5/nodes/{id}', { params: { path: { id }, query: { expand: true } } }).data;
  if (node?.storage_error) return <p className="section-text">{t('nodes.noSpace', { reason: node.storage_error })}</p>;
  if (node?.storage_total === undefined) return null;
  const { storage_free: free, storage_used: used, storage_total: total } = node;
  return <p className="section-text">{t('nodes.space', { free: format.bytes(free), used: format.bytes(used), total: format.bytes(total) })}</p>;
}
