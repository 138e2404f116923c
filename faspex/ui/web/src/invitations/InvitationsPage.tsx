import { Add, Email } from '@carbon/icons-react';
import { Button, Tag } from '@carbon/react';
import { keepPreviousData } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useApi } from '../api/context';
import { type Column, DataList } from '../components/DataList';
import { EmptyState } from '../components/EmptyState';
import { useListState } from '../components/listState';
import { PageHeader } from '../components/PageHeader';
import { useProblemText } from '../components/ProblemNotice';
import { isolated, useFormat } from '../i18n/format';
import { Link, useNavigate } from '../navigation/router';
import { usePreferences } from '../shell/account';
import { useToast } from '../shell/toasts';
import { address, forgetInvitations, type Invitation } from './invitations';
import { Withdraw } from './Withdraw';

/** Whom the person asked for files, and whether their links are good (page-73). */
export default function InvitationsPage() {
  const { t } = useTranslation('invitations');
  const { hooks, client, queries } = useApi();
  const format = useFormat();
  const navigate = useNavigate();
  const toast = useToast();
  const textOf = useProblemText();
  const { rows_per_page: size } = usePreferences();
  const control = useListState({ size, sort: '' });
  const [withdrawing, setWithdrawing] = useState<Invitation | null>(null);
  const query = hooks.useQuery(
    'get',
    '/api/v5/invitations',
    { params: { query: { limit: control.size, offset: (control.page - 1) * control.size, ...(control.q ? { q: control.q } : {}) } } },
    { placeholderData: keepPreviousData },
  );
  const tell = async (done: string, failed: string, run: () => Promise<unknown>) => {
    try {
      await run();
      toast({ kind: 'success', title: done });
    } catch (error) {
      toast({ kind: 'error', title: failed, text: textOf(error) });
    }
  };
  const copy = (i: Invitation) => tell(t('copied', { address: isolated(i.email_address) }), t('copyFailed'), () => navigator.clipboard.writeText(i.access_url));
  const mail = (i: Invitation) =>
    tell(t('mailed', { address: isolated(i.email_address) }), t('mailFailed'), async () => {
      await client.POST('/api/v5/invitations/{id}/resend', { params: { path: { id: i.id } } });
      forgetInvitations(queries);
    });
  const columns: Column<Invitation>[] = [
    { key: 'address', header: t('column.address'), cell: (i) => <bdi>{i.email_address}</bdi> },
    { key: 'status', header: t('column.status'), cell: (i) => <Tag type={i.status === 'active' ? 'green' : 'gray'}>{t(`status.${i.status}`)}</Tag> },
    { key: 'ends', header: t('column.ends'), cell: (i) => endOf(i) },
    { key: 'mailed', header: t('column.mailed'), cell: (i) => format.date(i.invited_at) },
  ];
  const endOf = (i: Invitation) => {
    const date = i.expires_at ? format.date(i.expires_at) : '';
    return t(`ends.${i.expiration}`, { date });
  };
  const add = { label: t('new.title'), run: () => navigate(`${address}/new`) };
  return (
    <>
      <PageHeader
        title={t('title')}
        text={t('text')}
        actions={
          <Button as={Link} to={`${address}/new`} renderIcon={Add}>
            {add.label}
          </Button>
        }
      />
      <DataList<Invitation>
        label={t('title')}
        control={control}
        rows={query.data?.invitations}
        total={query.data?.total_count ?? 0}
        error={query.error}
        busy={query.isPlaceholderData}
        retry={() => void query.refetch()}
        columns={columns}
        rowKey={(i) => i.id}
        rowName={(i) => i.email_address}
        rowActions={(i) => [
          ...(i.access_url ? [{ label: t('action.copy'), run: () => void copy(i) }] : []),
          { label: t('action.mail'), run: () => void mail(i) },
          { label: t('action.withdraw'), danger: true, run: () => setWithdrawing(i) },
        ]}
        search={t('search')}
        empty={<EmptyState icon={Email} title={t('empty')} text={t('emptyText')} action={add} />}
      />
      {withdrawing && <Withdraw invitation={withdrawing} close={() => setWithdrawing(null)} />}
    </>
  );
}
