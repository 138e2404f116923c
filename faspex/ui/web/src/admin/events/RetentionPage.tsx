import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/context';
import type { components } from '../../api/schema';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { NumberField, SelectField, ToggleField } from '../../components/form/fields';
import { SettingsForm } from '../../components/form/SettingsForm';
import { PageHeader } from '../../components/PageHeader';
import { ProblemNotice } from '../../components/ProblemNotice';
import { useFormat } from '../../i18n/format';
import { PageSkeleton } from '../../shell/PageSkeleton';
import { useToast } from '../../shell/toasts';
import { EventsNav } from './EventsNav';
import { useEventName } from './types';
import '../admin.scss';

type Policy = components['schemas']['PurgePolicy'];

/** How long events of each kind are kept, and forgetting some now. */
export default function RetentionPage() {
  const { t } = useTranslation(['settings', 'admin']);
  const { hooks } = useApi();
  const query = hooks.useQuery('get', '/api/v5/events_purge_policies');
  const [type, setType] = useState('login_success');
  const policies = query.data?.events_purge_policies;
  const policy = policies?.find((each) => each.event_type === type) ?? policies?.[0];
  return (
    <>
      <PageHeader title={t('event.keep.title')} text={t('event.keep.text')} />
      <EventsNav />
      {query.error && <ProblemNotice title={t('event.keep.failed')} error={query.error} retry={() => void query.refetch()} />}
      {!policies && !query.error && <PageSkeleton />}
      {policies && policy && (
        <>
          <Rule key={policy.id} policy={policy} policies={policies} choose={setType} changed={() => query.refetch()} />
          <Purge policy={policy} />
        </>
      )}
    </>
  );
}

interface RuleProps {
  policy: Policy;
  policies: readonly Policy[];
  choose: (type: string) => void;
  changed: () => Promise<unknown>;
}

function Rule({ policy, policies, choose, changed }: RuleProps) {
  const { t } = useTranslation('settings');
  const { client } = useApi();
  const nameOf = useEventName();
  const values = useMemo(() => ({ event_type: policy.event_type, duration: policy.duration, active: policy.active }), [policy]);
  const save = async ({ duration, active }: typeof values) => {
    await client.PUT('/api/v5/events_purge_policies/{id}', { params: { path: { id: policy.id } }, body: { duration, active } });
    await changed();
  };
  return (
    <SettingsForm values={values} save={save} saved={t('event.keep.saved')}>
      <SelectField
        name="event_type"
        label={t('event.filter.type')}
        choices={policies.map(({ event_type }) => ({ value: event_type, text: nameOf(event_type) }))}
        onChoice={choose}
      />
      <ToggleField name="active" label={t('event.keep.active')} />
      <NumberField name="duration" label={t('event.keep.days')} min={1} max={36500} required />
    </SettingsForm>
  );
}

function Purge({ policy }: { policy: Policy }) {
  const { t } = useTranslation('settings');
  const { client } = useApi();
  const toast = useToast();
  const format = useFormat();
  const [days, setDays] = useState<number | null>(null);
  const [values] = useState({ days: 365 });
  return (
    <section className="section" aria-labelledby="purge">
      <h2 id="purge">{t('event.purge.title')}</h2>
      <p className="section-text">{t('event.purge.text')}</p>
      <SettingsForm values={values} save={async (typed) => setDays(typed.days)} saved={null} submit={t('event.purge.run')} guard={false} creates>
        <NumberField name="days" label={t('event.purge.days')} min={1} max={36500} required />
      </SettingsForm>
      {days !== null && (
        <ConfirmDialog
          title={t('event.purge.ask')}
          confirm={t('event.purge.run')}
          danger
          run={async () => {
            const { data } = await client.POST('/api/v5/application_events/purge_once', { body: { event_types: [policy.event_type], duration: days } });
            const total = Object.values(data ?? {}).reduce((sum: number, count) => sum + Number(count), 0);
            toast({ kind: 'success', title: t('event.purge.done', { total: format.count(total) }) });
          }}
          failed={t('event.purge.failed')}
          close={() => setDays(null)}
        >
          <p>{t('event.purge.text')}</p>
        </ConfirmDialog>
      )}
    </section>
  );
}
