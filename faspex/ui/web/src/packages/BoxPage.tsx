import { Add, Box as BoxIcon } from '@carbon/icons-react';
import { Button } from '@carbon/react';
import { keepPreviousData } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'react-router';
import { useApi } from '../api/context';
import { pollEvery } from '../api/polling';
import type { Package, PackageList } from '../api/types';
import { useCan } from '../auth/capabilities';
import { type Column, DataList } from '../components/DataList';
import { EmptyState } from '../components/EmptyState';
import { useListState } from '../components/listState';
import { PageHeader } from '../components/PageHeader';
import { useFormat } from '../i18n/format';
import { pageAt } from '../routes';
import { usePreferences } from '../shell/account';
import { type Box, boxes, boxNames } from './boxes';
import { Names, PersonName } from './People';
import { packageStatus } from './status';
import { StatusTag } from './StatusTag';

/** How often a list is read again: soon while something moves, rarely otherwise. */
const soon = 3_000;
const rarely = 60_000;

/** The box that an address names. */
export function useBox(): Box {
  const { pathname } = useLocation();
  return boxNames.find((box) => pathname.startsWith(`/packages/${box}`)) ?? 'received';
}

/** A list of packages. */
export default function BoxPage() {
  const box = useBox();
  return <PackagesOf key={box} box={box} />;
}

function PackagesOf({ box }: { box: Box }) {
  const { t } = useTranslation('packages');
  const can = useCan();
  const { hooks } = useApi();
  const { rows_per_page: size } = usePreferences();
  const control = useListState({ size, sort: '' });
  const query = hooks.useQuery(
    'get',
    boxes[box].list,
    { params: { query: { limit: control.size, offset: (control.page - 1) * control.size, ...(control.q ? { q: control.q } : {}) } } },
    { placeholderData: keepPreviousData, refetchInterval: pollEvery<PackageList>((data) => (data?.packages.some((pkg) => packageStatus(pkg).moving) ? soon : rarely)) },
  );
  const columns = useColumns(box);
  const sendPage = pageAt('/packages/new');
  return (
    <>
      <PageHeader
        title={t(`box.${box}.title`)}
        text={t(`box.${box}.text`)}
        actions={
          sendPage &&
          can(sendPage.permission) && (
            <Button as={Link} to={sendPage.path} renderIcon={Add}>
              {t('action.new')}
            </Button>
          )
        }
      />
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
        search={t('list.search')}
        empty={<EmptyState icon={BoxIcon} title={t(`box.${box}.empty`)} text={t(`box.${box}.emptyText`)} />}
      />
    </>
  );
}

function useColumns(box: Box): Column<Package>[] {
  const { t } = useTranslation('packages');
  const format = useFormat();
  const { people } = boxes[box];
  const sender: Column<Package> = { key: 'sender', header: t('column.sender'), cell: (pkg) => <PersonName person={pkg.sender} />, from: 'md' };
  const recipients: Column<Package> = { key: 'recipients', header: t('column.recipients'), cell: (pkg) => <Names people={pkg.recipients} />, from: 'md' };
  return [
    {
      key: 'title',
      header: t('column.title'),
      cell: (pkg) => (
        <Link className="cds--link" to={`/packages/${box}/${encodeURIComponent(pkg.id)}`}>
          <bdi>{pkg.title}</bdi>
        </Link>
      ),
    },
    ...(people === 'recipients' ? [] : [sender]),
    ...(people === 'sender' ? [] : [recipients]),
    { key: 'status', header: t('column.status'), cell: (pkg) => <StatusTag pkg={pkg} /> },
    // A package that waits for its files has no size yet, which is not the same as none.
    { key: 'size', header: t('column.size'), numeric: true, from: 'md', cell: (pkg) => format.bytes(pkg.total_files === 0 ? null : pkg.total_bytes) },
    { key: 'files', header: t('column.files'), numeric: true, from: 'lg', cell: (pkg) => format.count(pkg.total_files === 0 ? null : pkg.total_files) },
    { key: 'date', header: t('column.date'), from: 'md', cell: (pkg) => format.date(pkg.created_time) },
  ];
}

function Below({ box, pkg }: { box: Box; pkg: Package }) {
  const format = useFormat();
  return (
    <>
      {boxes[box].people === 'recipients' ? <Names people={pkg.recipients} /> : <PersonName person={pkg.sender} />} · {format.date(pkg.created_time)}
    </>
  );
}
