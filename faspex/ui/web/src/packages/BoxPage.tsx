import { Add, Box as BoxIcon, Download, SubtractAlt, TrashCan } from '@carbon/icons-react';
import { Button, Select, SelectItem } from '@carbon/react';
import { keepPreviousData } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from '../navigation/router';
import { useApi } from '../api/context';
import { pollEvery } from '../api/polling';
import type { Package, PackageList } from '../api/types';
import { useCan } from '../auth/capabilities';
import { type Action, DataList } from '../components/DataList';
import { EmptyState } from '../components/EmptyState';
import { type ListControl, useListState } from '../components/listState';
import { PageHeader } from '../components/PageHeader';
import { useSavedSort, useSaveSort } from '../components/savedSort';
import { pageAt } from '../routes';
import { usePreferences } from '../shell/account';
import { type Box, boxes, useBox } from './boxes';
import { Below, sortOrders, useColumns } from './columns';
import { DeleteDialog, RemoveDialog } from './dialogs';
import { allowsBrowsers, useDownloadAll } from './downloads';
import { packageStatus, statusFilters } from './status';

/** How often a list is read again by itself: soon while something moves, rarely otherwise, since the server tells what changed. */
const soon = 3_000;
const rarely = 120_000;

/** A list of packages. */
export default function BoxPage() {
  const box = useBox();
  return <PackagesOf key={box} box={box} />;
}

function PackagesOf({ box }: { box: Box }) {
  const { t } = useTranslation('packages');
  const { rows_per_page: size } = usePreferences();
  const sort = useSavedSort(box, '-created');
  const control = useListState({ size, sort, filters: ['status'] });
  useSaveSort(box, control.sort, sort);
  const query = usePackages(box, control);
  const columns = useColumns(box);
  const [asking, setAsking] = useState<{ what: 'remove' | 'delete'; packages: Package[]; done: () => void } | null>(null);
  const ask = (what: 'remove' | 'delete', packages: Package[], done: () => void = () => undefined) => setAsking({ what, packages, done });
  const actionsOf = useRowActions(box, ask);
  const downloadAll = useDownloadAll();
  const all = (packages: Package[], action: Package['actions'][number]) => packages.every(({ actions }) => actions.includes(action));
  return (
    <>
      <PageHeader title={t(`box.${box}.title`)} text={t(`box.${box}.text`)} actions={<NewPackageButton />} />
      <DataList<Package>
        label={t(`box.${box}.title`)}
        control={control}
        rows={query.data?.packages}
        total={query.data?.total_count ?? 0}
        error={query.error}
        busy={query.isPlaceholderData}
        retry={() => void query.refetch()}
        columns={columns}
        rowKey={(pkg) => pkg.id}
        rowName={(pkg) => pkg.title}
        below={(pkg) => <Below box={box} pkg={pkg} />}
        rowActions={actionsOf}
        bulkActions={(packages, done) => [
          ...(downloadAll && packages.every(allowsBrowsers) ? [{ label: t('action.download'), icon: Download, run: () => void downloadAll(packages) }] : []),
          ...(all(packages, 'remove_from_my_list') ? [{ label: t('action.remove'), icon: SubtractAlt, run: () => ask('remove', packages, done) }] : []),
          ...(all(packages, 'delete_for_everyone') ? [{ label: t('action.delete'), icon: TrashCan, run: () => ask('delete', packages, done) }] : []),
        ]}
        search={t('list.search')}
        filters={<StatusFilter control={control} />}
        empty={<EmptyState icon={BoxIcon} title={t(`box.${box}.empty`)} text={t(`box.${box}.emptyText`)} />}
      />
      {asking?.what === 'remove' && <RemoveDialog packages={asking.packages} close={() => setAsking(null)} done={asking.done} />}
      {asking?.what === 'delete' && <DeleteDialog packages={asking.packages} close={() => setAsking(null)} done={asking.done} />}
    </>
  );
}

function usePackages(box: Box, { size, page, q, sort, filters }: ListControl) {
  const { hooks } = useApi();
  const status = statusFilters.find((name) => name === filters['status']);
  const order = sortOrders.find((name) => name === sort) ?? '-created';
  return hooks.useQuery(
    'get',
    boxes[box].list,
    { params: { query: { limit: size, offset: (page - 1) * size, sort: order, ...(q ? { q } : {}), ...(status ? { status } : {}) } } },
    {
      placeholderData: keepPreviousData,
      refetchInterval: pollEvery<PackageList>((data) => (data?.packages.some((pkg) => packageStatus(pkg).moving) ? soon : rarely)),
    },
  );
}

function NewPackageButton() {
  const { t } = useTranslation('packages');
  const can = useCan();
  const page = pageAt('/packages/new');
  if (!page || !can(page.permission)) return null;
  return (
    <Button as={Link} to={page.path} renderIcon={Add}>
      {t('action.new')}
    </Button>
  );
}

function StatusFilter({ control }: { control: ListControl }) {
  const { t } = useTranslation('packages');
  return (
    <Select
      id="status-filter"
      labelText={t('column.status')}
      inline={false}
      size="lg"
      className="data-list__filter"
      value={control.filters['status'] ?? ''}
      onChange={(event) => control.change({ filters: event.target.value ? { status: event.target.value } : {} })}
    >
      <SelectItem value="" text={t('filter.any')} />
      {statusFilters.map((name) => (
        <SelectItem key={name} value={name} text={t(`filter.${name}`)} />
      ))}
    </Select>
  );
}

/** The menu of a row: what the server says that may be done with the package. */
function useRowActions(box: Box, ask: (what: 'remove' | 'delete', packages: Package[]) => void): (pkg: Package) => Action[] {
  const { t } = useTranslation('packages');
  const navigate = useNavigate();
  return (pkg) => [
    { label: t('action.open'), run: () => navigate(`/packages/${box}/${encodeURIComponent(pkg.id)}`) },
    ...(pkg.actions.includes('remove_from_my_list') ? [{ label: t('action.remove'), run: () => ask('remove', [pkg]) }] : []),
    ...(pkg.actions.includes('delete_for_everyone') ? [{ label: t('action.delete'), danger: true, run: () => ask('delete', [pkg]) }] : []),
  ];
}
