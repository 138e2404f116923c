import { useTranslation } from 'react-i18next';
import type { ApiClient } from '../../api/client';
import { useApi } from '../../api/context';
import { ApiProblem } from '../../api/problem';
import type { Account } from '../../api/types';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { personName, useFormat } from '../../i18n/format';
import { useToast } from '../../shell/toasts';
import { forgetUsers } from './users';

export interface UsersChange {
  kind: 'activate' | 'deactivate' | 'delete' | 'erase';
  accounts: Account[];
  /** After it was done. */
  done?: () => void;
}

/** Asks before accounts are opened, closed or removed, and does it. */
export function ChangeUsers({ kind, accounts, done, close }: UsersChange & { close: () => void }) {
  const { t } = useTranslation('admin');
  const { client, queries } = useApi();
  const toast = useToast();
  const format = useFormat();
  const count = accounts.length;
  const name = accounts[0] ? personName(accounts[0]) : '';
  const run = async () => {
    const ids = accounts.map(({ id }) => id).join(',');
    const { data } =
      kind === 'erase'
        ? await erase(client, ids)
        : kind === 'delete'
        ? await client.DELETE('/api/v5/accounts', { params: { query: { ids } }, body: {} })
        : await client.PATCH('/api/v5/accounts', { params: { query: { ids } }, body: { account_activated: kind === 'activate' } });
    // What is deleted is not read again.
    if (kind !== 'delete' && kind !== 'erase') for (const { id } of accounts) void queries.invalidateQueries({ queryKey: ['admin', 'account', id] });
    forgetUsers(queries);
    const [first, ...more] = data?.errors ?? [];
    if (first) {
      const names = accounts.filter(({ id }) => [first, ...more].some((error) => error.id === id)).map(personName);
      throw new ApiProblem({ status: 207, code: first.code, message: count === 1 ? first.message : t('users.change.some', { names: format.list(names), message: first.message }) });
    }
    toast({ kind: 'success', title: t(`users.change.${kind}.done`, { count, name, total: format.count(count) }) });
    done?.();
  };
  return (
    <ConfirmDialog
      title={t(`users.change.${kind}.title`, { count, name, total: format.count(count) })}
      confirm={t(`users.action.${kind}`)}
      danger={kind !== 'activate'}
      run={run}
      failed={t(`users.change.${kind}.failed`)}
      close={close}
    >
      <p>{t(`users.change.${kind}.text`, { count })}</p>
    </ConfirmDialog>
  );
}

/** Erases one account; the call takes no more. */
async function erase(client: ApiClient, id: string): Promise<{ data?: undefined }> {
  await client.POST('/api/v5/accounts/{id}/erase', { params: { path: { id } } });
  return {};
}
