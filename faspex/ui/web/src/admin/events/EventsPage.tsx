import { Select, SelectItem, TextInput } from '@carbon/react';
import { keepPreviousData } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/context';
import type { components } from '../../api/schema';
import { type Column, DataList } from '../../components/DataList';
import { EmptyState } from '../../components/EmptyState';
import { type ListControl, useListState } from '../../components/listState';
import { PageHeader } from '../../components/PageHeader';
import { nothing, personName, useFormat } from '../../i18n/format';
import { usePreferences } from '../../shell/account';
import { EventsNav } from './EventsNav';
import { useEventName } from './types';
import '../admin.scss';

type Event = components['schemas']['ApplicationEvent'];

/** What people did, the newest first. */
export default function EventsPage() {
  const { t } = useTranslation(['settings', 'admin']);
  const { hooks } = useApi();
  const format = useFormat();
  const nameOf = useEventName();
  const { rows_per_page: size } = usePreferences();
  const control = useListState({ size, sort: '-id', filters: ['type', 'from', 'to'] });
  const { type, from, to } = control.filters;
  const query = hooks.useQuery(
    'get',
    '/api/v5/application_events',
    {
      params: {
        query: {
          limit: control.size,
          offset: (control.page - 1) * control.size,
          sort: control.sort as '-id',
          ...(control.q ? { q: control.q } : {}),
          ...(type ? { event_type: [type] } : {}),
          ...(from ? { created_at_start: startOf(from) } : {}),
          ...(to ? { created_at_end: endOf(to) } : {}),
        },
      },
    },
    { placeholderData: keepPreviousData },
  );
  const columns: Column<Event>[] = [
    { key: 'when', header: t('event.column.when'), sort: 'created_at', date: true, cell: (event) => format.date(event.created_at) },
    { key: 'what', header: t('event.column.what'), sort: 'event_type', cell: (event) => nameOf(event.event_type) },
    { key: 'who', header: t('event.column.who'), cell: (event) => <bdi>{event.user[0] ? personName(event.user[0]) : nothing}</bdi> },
    { key: 'where', header: t('event.column.where'), from: 'md', cell: (event) => <bdi dir="ltr">{event.event_location ?? nothing}</bdi> },
    { key: 'message', header: t('event.column.message'), from: 'lg', cell: (event) => <bdi>{event.message ?? nothing}</bdi> },
  ];
  return (
    <>
      <PageHeader title={t('admin:events.title')} text={t('event.text')} />
      <EventsNav />
      <DataList<Event>
        label={t('event.list')}
        control={control}
        rows={query.data?.application_events}
        total={query.data?.total_count ?? 0}
        error={query.error}
        busy={query.isPlaceholderData}
        retry={() => void query.refetch()}
        columns={columns}
        rowKey={(event) => event.id}
        rowName={(event) => nameOf(event.event_type)}
        search={t('event.search')}
        filters={<Filters control={control} />}
        empty={<EmptyState title={t('event.empty.title')} text={t('event.empty.text')} />}
      />
    </>
  );
}

/** A day of the person's own time zone. */
function startOf(day: string): string {
  return new Date(`${day}T00:00:00`).toISOString();
}

function endOf(day: string): string {
  return new Date(`${day}T23:59:59.999`).toISOString();
}

function Filters({ control }: { control: ListControl }) {
  const { t } = useTranslation('settings');
  const { hooks } = useApi();
  const nameOf = useEventName();
  const policies = hooks.useQuery('get', '/api/v5/events_purge_policies');
  const set = (name: string, value: string) => {
    const { [name]: _before, ...rest } = control.filters;
    control.change({ filters: value === '' ? rest : { ...rest, [name]: value } });
  };
  return (
    <>
      <Select id="event-type" labelText={t('event.filter.type')} value={control.filters['type'] ?? ''} onChange={(event) => set('type', event.target.value)}>
        <SelectItem value="" text={t('event.filter.all')} />
        {policies.data?.events_purge_policies.map(({ event_type }) => <SelectItem key={event_type} value={event_type} text={nameOf(event_type)} />)}
      </Select>
      <TextInput id="event-from" type="date" labelText={t('event.filter.from')} value={control.filters['from'] ?? ''} onChange={(event) => set('from', event.target.value)} />
      <TextInput id="event-to" type="date" labelText={t('event.filter.to')} value={control.filters['to'] ?? ''} onChange={(event) => set('to', event.target.value)} />
    </>
  );
}
