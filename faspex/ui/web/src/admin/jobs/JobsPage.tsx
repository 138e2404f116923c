import { Select, SelectItem, Tag } from '@carbon/react';
import { keepPreviousData } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/context';
import type { components } from '../../api/schema';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { type Action, type Column, DataList } from '../../components/DataList';
import { EmptyState } from '../../components/EmptyState';
import { useListState } from '../../components/listState';
import { PageHeader } from '../../components/PageHeader';
import { isolated, nothing, useFormat } from '../../i18n/format';
import { usePreferences } from '../../shell/account';
import { useToast } from '../../shell/toasts';
import { JobHealth } from './JobHealth';
import '../admin.scss';
import '../configuration.scss';

export type Job = components['schemas']['Job'];

const statuses = ['queued', 'working', 'failed', 'completed'] as const;
const colours = { queued: 'gray', working: 'blue', failed: 'red', completed: 'green', disabled: 'gray', initiated: 'blue' } as const;

/** Background work: what waits, what failed and why; failed work can be tried again or removed (page-84). */
export default function JobsPage() {
  const { t } = useTranslation(['settings', 'admin']);
  const { hooks, client } = useApi();
  const format = useFormat();
  const toast = useToast();
  const { rows_per_page: size } = usePreferences();
  const control = useListState({ size, sort: '', filters: ['status'] });
  const [removing, setRemoving] = useState<Job | null>(null);
  const status = statuses.find((each) => each === control.filters['status']);
  const query = hooks.useQuery(
    'get',
    '/api/v5/jobs',
    { params: { query: { limit: control.size, offset: (control.page - 1) * control.size, ...(control.q ? { q: control.q } : {}), ...(status ? { status } : {}) } } },
    { placeholderData: keepPreviousData, refetchInterval: 15_000 },
  );
  const retry = async (job: Job) => {
    const { data } = await client.POST('/api/v5/jobs/retry', { params: { query: { ids: job.id } } });
    const refused = data?.errors[0];
    toast(refused ? { kind: 'error', title: t('job.notDone', { message: refused.message }) } : { kind: 'success', title: t('job.retried') });
    await query.refetch();
  };
  const columns: Column<Job>[] = [
    { key: 'name', header: t('job.column.name'), cell: (job) => <bdi>{job.job_name}</bdi> },
    { key: 'type', header: t('job.column.type'), from: 'lg', cell: (job) => t(`job.type.${job.job_type}`) },
    { key: 'status', header: t('job.column.status'), cell: (job) => <Tag type={colours[job.status]}>{t(`job.status.${job.status}`)}</Tag> },
    { key: 'attempts', header: t('job.column.attempts'), numeric: true, from: 'md', cell: (job) => format.count(job.retry_count) },
    { key: 'next', header: t('job.column.next'), date: true, from: 'lg', cell: (job) => (job.status === 'queued' ? format.date(job.next_availability) : nothing) },
    { key: 'error', header: t('job.column.error'), cell: (job) => <bdi>{job.error_desc || nothing}</bdi> },
  ];
  const rowActions = (job: Job): Action[] => [
    ...(job.status === 'failed' ? [{ label: t('job.action.retry'), run: () => void retry(job) }] : []),
    ...(!job.persistent && job.status !== 'working' ? [{ label: t('job.action.remove'), danger: true, run: () => setRemoving(job) }] : []),
  ];
  return (
    <>
      <PageHeader title={t('admin:jobs.title')} text={t('job.text')} />
      <JobHealth />
      <DataList<Job>
        label={t('job.title')}
        control={control}
        rows={query.data?.jobs}
        total={query.data?.total_count ?? 0}
        error={query.error}
        busy={query.isPlaceholderData}
        retry={() => void query.refetch()}
        columns={columns}
        rowKey={(job) => job.id}
        rowName={(job) => job.job_name}
        rowActions={rowActions}
        search={t('job.search')}
        filters={
          <Select
            id="job-status"
            labelText={t('job.filter.status')}
            value={status ?? ''}
            onChange={(event) => control.change({ filters: event.target.value ? { status: event.target.value } : {} })}
          >
            <SelectItem value="" text={t('job.filter.all')} />
            {statuses.map((each) => (
              <SelectItem key={each} value={each} text={t(`job.status.${each}`)} />
            ))}
          </Select>
        }
        empty={<EmptyState title={t('job.empty.title')} text={t('job.empty.text')} />}
      />
      {removing && (
        <ConfirmDialog
          title={t('job.remove.title', { name: isolated(removing.job_name) })}
          confirm={t('job.action.remove')}
          danger
          run={async () => {
            await client.DELETE('/api/v5/jobs/{id}', { params: { path: { id: removing.id } } });
            await query.refetch();
            toast({ kind: 'success', title: t('job.removed') });
          }}
          failed={t('job.notDone', { message: '' })}
          close={() => setRemoving(null)}
        >
          <p>{t('job.remove.text')}</p>
        </ConfirmDialog>
      )}
    </>
  );
}
