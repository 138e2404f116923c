import { Add, Group as GroupIcon } from '@carbon/icons-react';
import { Button } from '@carbon/react';
import { keepPreviousData } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from '../../navigation/router';
import { useApi } from '../../api/context';
import { useCan } from '../../auth/capabilities';
import { type Action, type Column, DataList } from '../../components/DataList';
import { EmptyState } from '../../components/EmptyState';
import { useListState } from '../../components/listState';
import { PageHeader } from '../../components/PageHeader';
import { useFormat } from '../../i18n/format';
import { usePreferences } from '../../shell/account';
import { DeleteGroup } from './DeleteGroup';
import { type Group, groupsOf, type Kind, kinds, useKind } from './groups';
import '../admin.scss';

/** All workgroups, or all shared inboxes. */
export default function GroupsPage() {
  const kind = useKind();
  return <Groups key={kind} kind={kind} />;
}

function Groups({ kind }: { kind: Kind }) {
  const { t } = useTranslation('groups');
  const { hooks } = useApi();
  const format = useFormat();
  const can = useCan();
  const navigate = useNavigate();
  const { rows_per_page: size } = usePreferences();
  const control = useListState({ size, sort: 'name' });
  const [deleting, setDeleting] = useState<Group | null>(null);
  const { all, address } = kinds[kind];
  const query = hooks.useQuery(
    'get',
    all,
    { params: { query: { all: true, limit: control.size, offset: (control.page - 1) * control.size, ...(control.q ? { q: control.q } : {}) } } },
    { placeholderData: keepPreviousData },
  );
  const pageOf = (group: Group) => `${address}/${encodeURIComponent(group.id)}`;
  const packagesOf = (group: Group) => `/packages/${kind}/${encodeURIComponent(group.id)}`;
  const columns: Column<Group>[] = [
    {
      key: 'name',
      header: t('group.field.name'),
      cell: (group) => (
        <Link className="cds--link" to={pageOf(group)}>
          <bdi>{group.name}</bdi>
        </Link>
      ),
    },
    { key: 'members', header: t('group.column.members'), numeric: true, cell: (group) => format.count(group.active_members_count ?? null) },
    { key: 'packages', header: t('group.column.packages'), numeric: true, from: 'md', cell: (group) => format.count(group.released_packages_count ?? null) },
    { key: 'latest', header: t('group.column.latest'), date: true, from: 'lg', cell: (group) => format.date(group.latest_package_time) },
  ];
  const rowActions = (group: Group): Action[] => [
    { label: t('group.action.open'), run: () => navigate(pageOf(group)) },
    { label: t('group.action.packages'), run: () => navigate(packagesOf(group)) },
    ...(can('admin.configuration.write') ? [{ label: t('group.action.delete'), danger: true, run: () => setDeleting(group) }] : []),
  ];
  const add = { label: t(`group.${kind}.new`), run: () => navigate(`${address}/new`) };
  const adds = can('admin.configuration.write');
  return (
    <>
      <PageHeader
        title={t(`group.${kind}.title`)}
        text={t(`group.${kind}.text`)}
        actions={
          adds && (
            <Button as={Link} to={`${address}/new`} renderIcon={Add}>
              {add.label}
            </Button>
          )
        }
      />
      <DataList<Group>
        label={t(`group.${kind}.title`)}
        control={control}
        rows={groupsOf(query.data)}
        total={query.data?.total_count ?? 0}
        error={query.error}
        busy={query.isPlaceholderData}
        retry={() => void query.refetch()}
        columns={columns}
        rowKey={(group) => group.id}
        rowName={(group) => group.name}
        rowActions={rowActions}
        search={t('search')}
        empty={<EmptyState icon={GroupIcon} title={t(`group.${kind}.empty`)} text={t(`group.${kind}.emptyText`)} {...(adds ? { action: add } : {})} />}
      />
      {deleting && <DeleteGroup kind={kind} group={deleting} close={() => setDeleting(null)} />}
    </>
  );
}
