import { Add, Archive, Box as BoxIcon, Download, SubtractAlt, TrashCan } from '@carbon/icons-react';
import { Button, Select, SelectItem } from '@carbon/react';
import { keepPreviousData } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from '../navigation/router';
import { pollEvery } from '../api/polling';
import type { Package, PackageList } from '../api/types';
import { useCan } from '../auth/capabilities';
import { type Action, DataList } from '../components/DataList';
import { EmptyState } from '../components/EmptyState';
import type { ListControl } from '../components/listState';
import { pageAt } from '../routes';
import type { PeopleShown } from './boxes';
import { Below, sortOrders, useColumns } from './columns';
import { ArchiveDialog, DeleteDialog, RemoveDialog } from './dialogs';
import { allowsBrowsers, useDownloadAll } from './downloads';
import { packageStatus, statusFilters } from './status';

/** How often a list is read again by itself: soon while something moves, rarely otherwise, since the server tells what changed. */
const soon = 3_000;
const rarely = 120_000;

/** How a list of packages is asked for, whatever box it is of. */
export const listOptions = {
  placeholderData: keepPreviousData,
  refetchInterval: pollEvery<PackageList>((data) => (data?.packages.some((pkg) => packageStatus(pkg).moving) ? soon : rarely)),
};

/** The part of a request that a list's state in the address decides. */
export function listQuery({ size, page, q, sort, filters }: ListControl) {
  const status = statusFilters.find((name) => name === filters['status']);
  const order = sortOrders.find((name) => name === sort) ?? '-created';
  return { limit: size, offset: (page - 1) * size, sort: order, ...(q ? { q } : {}), ...(status ? { status } : {}) };
}

type Question = 'remove' | 'archive' | 'delete';

interface PackageListViewProps {
  label: string;
  /** Where the list stands; its packages stand below. */
  address: string;
  people: PeopleShown;
  control: ListControl;
  query: { data: PackageList | undefined; error: unknown; isPlaceholderData: boolean; refetch: () => unknown };
  empty: { title: string; text: string };
  /** Filters beside that of the status. */
  filters?: ReactNode;
}

/** A list of packages, with what may be done with them. */
export function PackageListView({ label, address, people, control, query, empty, filters }: PackageListViewProps) {
  const { t } = useTranslation('packages');
  const columns = useColumns(people, address);
  const [asking, setAsking] = useState<{ what: Question; packages: Package[]; done: () => void } | null>(null);
  const ask = (what: Question, packages: Package[], done: () => void = () => undefined) => setAsking({ what, packages, done });
  const actionsOf = useRowActions(address, ask);
  const downloadAll = useDownloadAll();
  const all = (packages: Package[], action: Package['actions'][number]) => packages.every(({ actions }) => actions.includes(action));
  const close = () => setAsking(null);
  return (
    <>
      <DataList<Package>
        label={label}
        control={control}
        rows={query.data?.packages}
        total={query.data?.total_count ?? 0}
        error={query.error}
        busy={query.isPlaceholderData}
        retry={() => void query.refetch()}
        columns={columns}
        rowKey={(pkg) => pkg.id}
        rowName={(pkg) => pkg.title}
        below={(pkg) => <Below people={people} pkg={pkg} />}
        rowActions={actionsOf}
        bulkActions={(packages, done) => [
          ...(downloadAll && packages.every(allowsBrowsers) ? [{ label: t('action.download'), icon: Download, run: () => void downloadAll(packages) }] : []),
          ...(all(packages, 'remove_from_my_list') ? [{ label: t('action.remove'), icon: SubtractAlt, run: () => ask('remove', packages, done) }] : []),
          ...(all(packages, 'archive_for_all') ? [{ label: t('action.archive'), icon: Archive, run: () => ask('archive', packages, done) }] : []),
          ...(all(packages, 'delete_for_everyone') ? [{ label: t('action.delete'), icon: TrashCan, run: () => ask('delete', packages, done) }] : []),
        ]}
        search={t('list.search')}
        filters={
          <>
            <StatusFilter control={control} />
            {filters}
          </>
        }
        empty={<EmptyState icon={BoxIcon} title={empty.title} text={empty.text} />}
      />
      {asking?.what === 'remove' && <RemoveDialog packages={asking.packages} close={close} done={asking.done} />}
      {asking?.what === 'archive' && <ArchiveDialog packages={asking.packages} close={close} done={asking.done} />}
      {asking?.what === 'delete' && <DeleteDialog packages={asking.packages} close={close} done={asking.done} />}
    </>
  );
}

export function NewPackageButton() {
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
      onChange={(event) => {
        const { status: _before, ...others } = control.filters;
        control.change({ filters: event.target.value ? { ...others, status: event.target.value } : others });
      }}
    >
      <SelectItem value="" text={t('filter.any')} />
      {statusFilters.map((name) => (
        <SelectItem key={name} value={name} text={t(`filter.${name}`)} />
      ))}
    </Select>
  );
}

/** The menu of a row: what the server says that may be done with the package. */
function useRowActions(address: string, ask: (what: Question, packages: Package[]) => void): (pkg: Package) => Action[] {
  const { t } = useTranslation('packages');
  const navigate = useNavigate();
  return (pkg) => [
    { label: t('action.open'), run: () => navigate(`${address}/${encodeURIComponent(pkg.id)}`) },
    ...(pkg.actions.includes('forward') ? [{ label: t('action.forward'), run: () => navigate(`/packages/forward/${encodeURIComponent(pkg.id)}`) }] : []),
    ...(pkg.actions.includes('remove_from_my_list') ? [{ label: t('action.remove'), run: () => ask('remove', [pkg]) }] : []),
    ...(pkg.actions.includes('archive_for_all') ? [{ label: t('action.archive'), run: () => ask('archive', [pkg]) }] : []),
    ...(pkg.actions.includes('delete_for_everyone') ? [{ label: t('action.delete'), danger: true, run: () => ask('delete', [pkg]) }] : []),
  ];
}
