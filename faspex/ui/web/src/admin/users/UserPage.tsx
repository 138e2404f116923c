import { Button } from '@carbon/react';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useParams } from '../../navigation/router';
import { useApi } from '../../api/context';
import type { Account } from '../../api/types';
import { PageHeader } from '../../components/PageHeader';
import { ProblemNotice } from '../../components/ProblemNotice';
import { personName, useFormat } from '../../i18n/format';
import { useAccount } from '../../shell/account';
import { PageSkeleton } from '../../shell/PageSkeleton';
import { type Fields, useVersioned, VersionedForm } from '../versioned';
import { ChangeUsers, type UsersChange } from './ChangeUsers';
import { ResetPassword } from './ResetPassword';
import { PermissionFields, PersonFields, type UserValues } from './UserFields';
import { UserStatus } from './UserTags';
import { closed, forgetUsers, mayChange } from './users';
import '../admin.scss';

/** One account: who it is, what it may do, its password. */
export default function UserPage() {
  const { id = '' } = useParams();
  const { t } = useTranslation('admin');
  const { client } = useApi();
  const query = useVersioned(['account', id], (signal) => client.GET('/api/v5/accounts/{id}', { params: { path: { id }, query: { expand: true } }, signal }));
  if (!query.data) {
    return (
      <>
        <PageHeader title={t('users.one.title')} />
        {query.error ? <ProblemNotice title={t('users.one.failed')} error={query.error} retry={() => void query.refetch()} /> : <PageSkeleton />}
      </>
    );
  }
  return <User key={id} query={query} account={query.data.thing} />;
}

function User({ query, account }: { query: ReturnType<typeof useVersioned<Account>>; account: Account }) {
  const { t } = useTranslation('admin');
  const { client, queries } = useApi();
  const format = useFormat();
  const me = useAccount();
  const navigate = useNavigate();
  const [change, setChange] = useState<UsersChange | null>(null);
  const own = account.id === me.id;
  const readOnly = !own && !mayChange(me, account);
  const values = useMemo<UserValues>(
    () => ({
      first_name: account.first_name,
      last_name: account.last_name,
      email: account.email,
      description: account.description ?? '',
      role: account.role,
      uploads_allowed: account.uploads_allowed ?? false,
      downloads_allowed: account.downloads_allowed ?? false,
      account_activated: account.account_activated,
    }),
    [account],
  );
  const onOff = (value: boolean) => t(value ? 'value.on' : 'value.off');
  const fields: Fields<UserValues> = {
    first_name: { label: t('users.field.first_name') },
    last_name: { label: t('users.field.last_name') },
    email: { label: t('users.field.email') },
    description: { label: t('users.field.description') },
    role: { label: t('users.field.role'), show: (role) => t(`users.role.${role}`) },
    uploads_allowed: { label: t('users.field.uploads_allowed'), show: onOff },
    downloads_allowed: { label: t('users.field.downloads_allowed'), show: onOff },
    account_activated: { label: t('users.field.account_activated'), show: onOff },
  };
  const ask = (kind: UsersChange['kind']) => setChange({ kind, accounts: [account], done: () => (kind === 'delete' || kind === 'erase' ? navigate('/admin/users') : undefined) });
  return (
    <>
      <PageHeader title={personName(account)} isolated beside={<UserStatus account={account} />} />
      <dl className="admin-facts">
        <div>
          <dt>{t('users.field.name')}</dt>
          <dd>
            <bdi>{account.name}</bdi>
          </dd>
        </div>
        <div>
          <dt>{t('users.column.lastLogin')}</dt>
          <dd>{format.date(account.last_login_time)}</dd>
        </div>
        <div>
          <dt>{t('users.field.created')}</dt>
          <dd>{format.date(account.created_at)}</dd>
        </div>
      </dl>
      {readOnly && <p className="section-text">{t('users.one.readOnly')}</p>}
      <section className="section" aria-labelledby="user-settings">
        <h2 id="user-settings">{t('users.one.settings')}</h2>
        <VersionedForm<Account, UserValues>
          query={query}
          values={values}
          fields={fields}
          store={(body, etag) => client.PUT('/api/v5/accounts/{id}', { params: { path: { id: account.id }, header: { 'If-Match': etag } }, body })}
          saved={t('users.one.saved')}
          after={() => {
            forgetUsers(queries);
            if (own) void queries.invalidateQueries({ queryKey: ['get', '/api/v5/account'] });
          }}
        >
          <PersonFields readOnly={readOnly || own} />
          <PermissionFields readOnly={readOnly} own={own} role={account.role} />
        </VersionedForm>
      </section>
      {!own && !readOnly && (
        <>
          <ResetPassword account={account} />
          <section className="section" aria-labelledby="user-remove">
            <h2 id="user-remove">{t('users.remove.title')}</h2>
            <p className="section-text">{t('users.remove.text')}</p>
            <div className="actions">
              <Button kind="tertiary" onClick={() => ask(closed(account) ? 'activate' : 'deactivate')}>
                {t(closed(account) ? 'users.action.activate' : 'users.action.deactivate')}
              </Button>
              <Button kind="danger--tertiary" onClick={() => ask('delete')}>
                {t('users.action.delete')}
              </Button>
              <Button kind="danger--tertiary" onClick={() => ask('erase')}>
                {t('users.action.erase')}
              </Button>
            </div>
          </section>
        </>
      )}
      {change && <ChangeUsers {...change} close={() => setChange(null)} />}
    </>
  );
}
