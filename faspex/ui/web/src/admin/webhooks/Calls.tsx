import { Modal, Select, SelectItem, Tag, TextArea } from '@carbon/react';
import { keepPreviousData } from '@tanstack/react-query';
import { useState } from 'react';
import { createPortal } from 'react-dom';
import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/context';
import { useReturnedFocus } from '../../components/ConfirmDialog';
import { type Action, type Column, DataList } from '../../components/DataList';
import { EmptyState } from '../../components/EmptyState';
import { useListState } from '../../components/listState';
import { useProblemText } from '../../components/ProblemNotice';
import { isolated, nothing, useFormat } from '../../i18n/format';
import { usePreferences } from '../../shell/account';
import { useToast } from '../../shell/toasts';
import type { Call } from './webhooks';

const statuses = ['queued', 'working', 'retrying', 'completed', 'failed', 'cancelled'] as const;
const colours = { queued: 'gray', working: 'blue', retrying: 'purple', completed: 'green', failed: 'red', cancelled: 'gray' } as const;

/** What a webhook did: each call with what was sent and answered. */
export function Calls({ webhook }: { webhook: string }) {
  const { t } = useTranslation('webhooks');
  const { hooks, client } = useApi();
  const format = useFormat();
  const toast = useToast();
  const textOf = useProblemText();
  const { rows_per_page: size } = usePreferences();
  const control = useListState({ size, sort: '', filters: ['status'] });
  const [shown, setShown] = useState<Call | null>(null);
  const status = statuses.find((each) => each === control.filters['status']);
  const query = hooks.useQuery(
    'get',
    '/api/v5/webhooks/{webhook_id}/events',
    {
      params: {
        path: { webhook_id: webhook },
        query: { limit: control.size, offset: (control.page - 1) * control.size, ...(control.q ? { q: control.q } : {}), ...(status ? { status } : {}) },
      },
    },
    { placeholderData: keepPreviousData, refetchInterval: 15_000 },
  );
  const run = async (done: string, action: () => Promise<unknown>) => {
    try {
      await action();
      toast({ kind: 'success', title: done });
    } catch (error) {
      toast({ kind: 'error', title: t('calls.notDone'), text: textOf(error) });
    }
    await query.refetch();
  };
  const pathOf = (call: Call) => ({ path: { webhook_id: webhook, id: call.id } });
  const rowActions = (call: Call): Action[] => [
    { label: t('calls.show'), run: () => setShown(call) },
    ...(call.status === 'failed' || call.status === 'cancelled'
      ? [{ label: t('calls.retry'), run: () => void run(t('calls.retried'), () => client.POST('/api/v5/webhooks/{webhook_id}/events/{id}/retry', { params: pathOf(call) })) }]
      : []),
    ...(call.status === 'queued' || call.status === 'retrying'
      ? [
          {
            label: t('calls.cancel'),
            danger: true,
            run: () => void run(t('calls.cancelled'), () => client.PUT('/api/v5/webhooks/{webhook_id}/events/{id}', { params: pathOf(call), body: { status: 'cancelled' } })),
          },
        ]
      : []),
  ];
  const columns: Column<Call>[] = [
    { key: 'package', header: t('calls.package'), cell: (call) => <bdi>{call.package_name}</bdi> },
    { key: 'status', header: t('calls.status'), cell: (call) => <Tag type={colours[call.status]}>{t(`status.${call.status}`)}</Tag> },
    { key: 'code', header: t('calls.code'), numeric: true, from: 'md', cell: (call) => call.response_code ?? nothing },
    { key: 'created', header: t('calls.created'), date: true, from: 'md', cell: (call) => format.date(call.created_at) },
    { key: 'error', header: t('calls.error'), from: 'lg', cell: (call) => <bdi>{call.error_desc || nothing}</bdi> },
  ];
  return (
    <div className="section">
      <h2>{t('calls.title')}</h2>
      <DataList<Call>
        label={t('calls.title')}
        control={control}
        rows={query.data?.events}
        total={query.data?.total_count ?? 0}
        error={query.error}
        busy={query.isPlaceholderData}
        retry={() => void query.refetch()}
        columns={columns}
        rowKey={(call) => call.id}
        rowName={(call) => call.package_name}
        rowActions={rowActions}
        search={t('calls.search')}
        filters={
          <Select
            id="call-status"
            labelText={t('calls.status')}
            value={status ?? ''}
            onChange={(event) => control.change({ filters: event.target.value ? { status: event.target.value } : {} })}
          >
            <SelectItem value="" text={t('calls.all')} />
            {statuses.map((each) => (
              <SelectItem key={each} value={each} text={t(`status.${each}`)} />
            ))}
          </Select>
        }
        empty={<EmptyState title={t('calls.empty.title')} text={t('calls.empty.text')} />}
      />
      {shown && <CallDialog call={shown} close={() => setShown(null)} />}
    </div>
  );
}

/** What was sent, and what was answered. */
function CallDialog({ call, close }: { call: Call; close: () => void }) {
  const { t } = useTranslation('webhooks');
  const shell = useTranslation('shell').t;
  useReturnedFocus();
  const parts = [
    { key: 'request', text: [call.request_headers, JSON.stringify(call.request_payload, null, 2)] },
    { key: 'answer', text: [call.response_headers, call.response_body ?? call.error_desc] },
  ] as const;
  return createPortal(
    <Modal
      open
      passiveModal
      modalHeading={t('calls.of', { name: isolated(call.package_name) })}
      aria-label={t('calls.of', { name: isolated(call.package_name) })}
      closeButtonLabel={shell('action.close')}
      onRequestClose={close}
    >
      <div className="dialog-form">
        {parts.map(({ key, text }) => (
          <TextArea key={key} id={`call-${key}`} labelText={t(`calls.${key}`)} readOnly rows={8} dir="ltr" spellCheck={false} value={text.filter(Boolean).join('\n\n') || nothing} />
        ))}
      </div>
    </Modal>,
    document.body,
  );
}
