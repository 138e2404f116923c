import { Checkmark, TrashCan, UserFollow, UserMultiple } from '@carbon/icons-react';
import { Button, Select, SelectItem } from '@carbon/react';
import { keepPreviousData } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from '../../navigation/router';
import { useApi } from '../../api/context';
import type { Account } from '../../api/types';
import { useCan } from '../../auth/capabilities';
import { type Action, type Column, DataList } from '../../components/DataList';
import { EmptyState } from '../../components/EmptyState';
import { type ListControl, useListState } from '../../components/listState';
import { PageHeader } from '../../components/PageHeader';
import { personName, useFormat } from '../../i18n/format';
import { useAccount, usePreferences } from '../../shell/account';
import { PersonName } from '../../packages/People';
import { ChangeUsers, type UsersChange } from './ChangeUsers';
import { closed, mayChange, roles, statuses } from './users';
import { UserStatus } from './UserTags';
import '../admin.scss';

/** Everybody who has an account. */
export default function UsersPage() {
  const { t } = useTranslation('admin');
  const { hooks } = useApi();
  const can = useCan();
  const own = useAccount();
  const navigate = useNavigate();
  const { rows_per_page: size } = usePreferences();
  const control = useListState({ size, sort: 'name', filters: ['role', 'status'] });
  const [change, setChange] = useState<UsersChange | null>(null);
  const { role, status } = control.filters;
  const query = hooks.useQuery(
    'get',
    '/api/v5/accounts',
    {
      params: {
        query: {
          limit: control.size,
          offset: (control.page - 1) * control.size,
          sort: control.sort.replace(/^-/, '') as 'name',
          descending: control.sort.startsWith('-'),
          ...(control.q ? { q: control.q } : {}),
          ...(role ? { role: role as 'user' } : {}),
          ...(status ? { status: status as 'active' } : {}),
        },
      },
    },
    { placeholderData: keepPreviousData },
  );
  const others = (accounts: Account[]) => accounts.length > 0 && accounts.every((account) => account.id !== own.id && mayChange(own, account));
  const rowActions = (account: Account): Action[] => [
    { label: t(mayChange(own, account) ? 'users.action.edit' : 'users.action.open'), run: () => navigate(`/admin/users/${account.id}`) },
    ...(others([account])
      ? [
          !closed(account)
            ? { label: t('users.action.deactivate'), run: () => setChange({ kind: 'deactivate', accounts: [account] }) }
            : { label: t('users.action.activate'), run: () => setChange({ kind: 'activate', accounts: [account] }) },
          { label: t('users.action.delete'), danger: true, run: () => setChange({ kind: 'delete', accounts: [account] }) },
        ]
      : []),
  ];
  const bulkActions = (accounts: Account[], done: () => void) => {
    if (!others(accounts)) return [];
    return [
      { label: t('users.action.activate'), icon: Checkmark, run: () => setChange({ kind: 'activate', accounts, done }) },
      { label: t('users.action.deactivate'), icon: UserMultiple, run: () => setChange({ kind: 'deactivate', accounts, done }) },
      { label: t('users.action.delete'), icon: TrashCan, run: () => setChange({ kind: 'delete', accounts, done }) },
    ];
  };
  const columns = useColumns();
  return (
    <>
      <PageHeader
        title={t('users.title')}
        text={t('users.text')}
        actions={
          can('admin.users.write') && (
            <Button as={Link} to="/admin/users/new" renderIcon={UserFollow}>
              {t('users.action.new')}
            </Button>
          )
        }
      />
      <DataList<Account>
        label={t('users.title')}
        control={control}
        rows={query.data?.accounts}
        total={query.data?.total_count ?? 0}
        error={query.error}
        busy={query.isPlaceholderData}
        retry={() => void query.refetch()}
        columns={columns}
        rowKey={(account) => account.id}
        rowName={personName}
        below={(account) => <bdi>{account.email || account.name}</bdi>}
        rowActions={rowActions}
        {...(can('admin.users.write') ? { bulkActions } : {})}
        search={t('users.search')}
        filters={<Filters control={control} />}
        empty={<EmptyState icon={UserMultiple} title={t('users.empty.title')} text={t('users.empty.text')} />}
      />
      {change && <ChangeUsers {...change} close={() => setChange(null)} />}
    </>
  );
}

function Filters({ control }: { control: ListControl }) {
  const { t } = useTranslation('admin');
  const set = (name: string, value: string) => {
    const { [name]: _before, ...rest } = control.filters;
    control.change({ filters: value === '' ? rest : { ...rest, [name]: value } });
  };
  return (
    <>
      <Select id="filter-role" labelText={t('users.field.role')} value={control.filters['role'] ?? ''} onChange={(event) => set('role', event.target.value)}>
        <SelectItem value="" text={t('filter.all')} />
        {roles.map((role) => (
          <SelectItem key={role} value={role} text={t(`users.role.${role}`)} />
        ))}
      </Select>
      <Select id="filter-status" labelText={t('users.column.status')} value={control.filters['status'] ?? ''} onChange={(event) => set('status', event.target.value)}>
        <SelectItem value="" text={t('filter.all')} />
        {statuses.map((status) => (
          <SelectItem key={status} value={status} text={t(`users.status.${status}`)} />
        ))}
      </Select>
    </>
  );
}

function useColumns(): Column<Account>[] {
  const { t } = useTranslation('admin');
  const format = useFormat();
  return [
    {
      key: 'name',
      header: t('users.column.name'),
      sort: 'full_name',
      cell: (account) => (
        <Link className="cds--link" to={`/admin/users/${account.id}`}>
          <PersonName person={account} />
        </Link>
      ),
    },
    { key: 'login', header: t('users.column.login'), sort: 'name', from: 'md', cell: (account) => <bdi>{account.name}</bdi> },
    { key: 'email', header: t('users.column.email'), sort: 'email', from: 'lg', cell: (account) => <bdi>{account.email}</bdi> },
    { key: 'role', header: t('users.column.role'), sort: 'role', from: 'md', cell: (account) => t(`users.role.${account.role}`) },
    { key: 'status', header: t('users.column.status'), sort: 'status', cell: (account) => <UserStatus account={account} /> },
    { key: 'login-time', header: t('users.column.lastLogin'), sort: 'last_login_time', from: 'lg', cell: (account) => format.date(account.last_login_time) },
  ];
}
