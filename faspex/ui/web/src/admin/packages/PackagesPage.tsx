import { Catalog, TrashCan } from '@carbon/icons-react';
import { keepPreviousData } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from 'react-router';
import { useApi } from '../../api/context';
import { ApiProblem } from '../../api/problem';
import type { Package } from '../../api/types';
import { useCan } from '../../auth/capabilities';
import { type Action, type Column, DataList } from '../../components/DataList';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { EmptyState } from '../../components/EmptyState';
import { useListState } from '../../components/listState';
import { PageHeader } from '../../components/PageHeader';
import { useFormat } from '../../i18n/format';
import { Names, PersonName } from '../../packages/People';
import { StatusTag } from '../../packages/StatusTag';
import { usePreferences } from '../../shell/account';
import { useToast } from '../../shell/toasts';
import '../admin.scss';

interface Deletion {
  packages: Package[];
  done?: () => void;
}

/** The packages of everybody, and what an administrator does with several of them. */
export default function PackagesPage() {
  const { t } = useTranslation('admin');
  const { hooks } = useApi();
  const can = useCan();
  const navigate = useNavigate();
  const { rows_per_page: size } = usePreferences();
  const control = useListState({ size, sort: '' });
  const [deletion, setDeletion] = useState<Deletion | null>(null);
  const query = hooks.useQuery(
    'get',
    '/api/v5/packages',
    { params: { query: { limit: control.size, offset: (control.page - 1) * control.size, ...(control.q ? { q: control.q } : {}) } } },
    { placeholderData: keepPreviousData },
  );
  const deletable = (pkg: Package) => can('admin.packages.write') && pkg.actions.includes('delete_for_everyone');
  const rowActions = (pkg: Package): Action[] => [
    { label: t('packages.action.open'), run: () => void navigate(`/packages/all/${pkg.id}`) },
    ...(deletable(pkg) ? [{ label: t('packages.action.delete'), danger: true, run: () => setDeletion({ packages: [pkg] }) }] : []),
  ];
  const bulkActions = (packages: Package[], done: () => void) =>
    packages.every(deletable) ? [{ label: t('packages.action.delete'), icon: TrashCan, run: () => setDeletion({ packages, done }) }] : [];
  return (
    <>
      <PageHeader title={t('packages.title')} text={t('packages.text')} />
      <DataList<Package>
        label={t('packages.title')}
        control={control}
        rows={query.data?.packages}
        total={query.data?.total_count ?? 0}
        error={query.error}
        busy={query.isPlaceholderData}
        retry={() => void query.refetch()}
        columns={useColumns()}
        rowKey={(pkg) => pkg.id}
        rowName={(pkg) => pkg.title}
        below={(pkg) => <PersonName person={pkg.sender} />}
        rowActions={rowActions}
        {...(can('admin.packages.write') ? { bulkActions } : {})}
        search={t('packages.search')}
        empty={<EmptyState icon={Catalog} title={t('packages.empty.title')} text={t('packages.empty.text')} />}
      />
      {deletion && <DeletePackages {...deletion} close={() => setDeletion(null)} />}
    </>
  );
}

function useColumns(): Column<Package>[] {
  const { t } = useTranslation('admin');
  const format = useFormat();
  return [
    {
      key: 'title',
      header: t('packages.column.title'),
      cell: (pkg) => (
        <Link className="cds--link" to={`/packages/all/${pkg.id}`}>
          <bdi>{pkg.title}</bdi>
        </Link>
      ),
    },
    { key: 'sender', header: t('packages.column.sender'), from: 'md', cell: (pkg) => <PersonName person={pkg.sender} /> },
    { key: 'recipients', header: t('packages.column.recipients'), from: 'lg', cell: (pkg) => <Names people={pkg.recipients} /> },
    { key: 'status', header: t('packages.column.status'), cell: (pkg) => <StatusTag pkg={pkg} /> },
    { key: 'size', header: t('packages.column.size'), numeric: true, from: 'md', cell: (pkg) => format.bytes(pkg.total_files === 0 ? null : pkg.total_bytes) },
    { key: 'date', header: t('packages.column.date'), from: 'lg', cell: (pkg) => format.date(pkg.created_time) },
  ];
}

/** Deletes the content of packages for everyone, after saying how much that is. */
function DeletePackages({ packages, done, close }: Deletion & { close: () => void }) {
  const { t } = useTranslation('admin');
  const { client, queries } = useApi();
  const toast = useToast();
  const format = useFormat();
  const count = packages.length;
  const bytes = packages.reduce((sum, pkg) => sum + pkg.total_bytes, 0);
  const title = packages[0]?.title ?? '';
  const run = async () => {
    const { data } = await client.DELETE('/api/v5/packages', { params: { query: { ids: packages.map(({ id }) => id).join(',') } }, body: {} });
    await queries.invalidateQueries({ queryKey: ['get'] });
    const failed = (data as { errors?: { code: string; message: string }[] } | undefined)?.errors?.[0];
    if (failed) throw new ApiProblem({ status: 207, code: failed.code, message: failed.message });
    toast({ kind: 'success', title: t('packages.delete.done', { count, title, total: format.count(count) }) });
    done?.();
  };
  return (
    <ConfirmDialog
      title={t('packages.delete.title', { count, title, total: format.count(count) })}
      confirm={t('packages.action.delete')}
      danger
      run={run}
      failed={t('packages.delete.failed')}
      close={close}
    >
      <p>{t('packages.delete.text', { count, size: format.bytes(bytes) })}</p>
    </ConfirmDialog>
  );
}
