import { useTranslation } from 'react-i18next';
import { Link } from '../navigation/router';
import type { Package } from '../api/types';
import type { Column } from '../components/DataList';
import { useFormat } from '../i18n/format';
import type { PeopleShown } from './boxes';
import { Names, PersonName } from './People';
import { StatusTag } from './StatusTag';

const sorts = ['created', 'title', 'sender', 'recipients', 'status', 'size', 'files'] as const;

/** The orders that a list can have, by the server's names. */
export const sortOrders = sorts.flatMap((name) => [name, `-${name}` as const]);

/** The columns of the list of packages at an address. */
export function useColumns(people: PeopleShown, address: string): Column<Package>[] {
  const { t } = useTranslation('packages');
  const format = useFormat();
  const sender: Column<Package> = { key: 'sender', header: t('column.sender'), cell: (pkg) => <PersonName person={pkg.sender} />, from: 'md', sort: 'sender' };
  const recipients: Column<Package> = { key: 'recipients', header: t('column.recipients'), cell: (pkg) => <Names people={pkg.recipients} />, from: 'md', sort: 'recipients' };
  return [
    {
      key: 'title',
      header: t('column.title'),
      sort: 'title',
      cell: (pkg) => (
        <Link className="cds--link" to={`${address}/${encodeURIComponent(pkg.id)}`}>
          <bdi>{pkg.title}</bdi>
        </Link>
      ),
    },
    ...(people === 'recipients' ? [] : [sender]),
    ...(people === 'sender' ? [] : [recipients]),
    { key: 'status', header: t('column.status'), cell: (pkg) => <StatusTag pkg={pkg} />, sort: 'status' },
    // A package that waits for its files has no size yet, which is not the same as none.
    { key: 'size', header: t('column.size'), numeric: true, from: 'md', sort: 'size', cell: (pkg) => format.bytes(pkg.total_files === 0 ? null : pkg.total_bytes) },
    { key: 'files', header: t('column.files'), numeric: true, from: 'lg', sort: 'files', cell: (pkg) => format.count(pkg.total_files === 0 ? null : pkg.total_files) },
    { key: 'date', header: t('column.date'), date: true, from: 'md', sort: 'created', cell: (pkg) => format.date(pkg.created_time) },
  ];
}

/** What a narrow window shows of the columns that it leaves out. */
export function Below({ people, pkg }: { people: PeopleShown; pkg: Package }) {
  const format = useFormat();
  return (
    <>
      {people === 'recipients' ? <Names people={pkg.recipients} /> : <PersonName person={pkg.sender} />} · {format.date(pkg.created_time)}
    </>
  );
}
