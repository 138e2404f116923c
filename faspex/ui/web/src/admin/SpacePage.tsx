import './admin.scss';
import './space.scss';
import { InlineNotification, ProgressBar } from '@carbon/react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useApi } from '../api/context';
import { pollEvery } from '../api/polling';
import type { PackageList } from '../api/types';
import { ConfirmDialog } from '../components/ConfirmDialog';
import { NumberField } from '../components/form/fields';
import { SettingsForm, undecided } from '../components/form/SettingsForm';
import { PageHeader } from '../components/PageHeader';
import { useFormat } from '../i18n/format';
import { useToast } from '../shell/toasts';

interface Old {
  days: number;
  packages: number;
  bytes: number;
}

const fresh = { days: 30 };
const soon = 2_000;
const rarely = 60_000;

/** How many packages there were to delete when this tab saw most of them: what the progress is a share of. */
let most = 0;

/** Deletes the files of old packages, after telling how many and how large they are (page-78). */
export default function SpacePage() {
  const { t } = useTranslation('groups');
  const { client } = useApi();
  const [asking, setAsking] = useState<Old | null>(null);
  const [nothingOld, setNothingOld] = useState<number | null>(null);
  const look = async ({ days }: typeof fresh) => {
    setNothingOld(null);
    const { data } = await client.GET('/api/v5/internal/packages/free_space', { params: { query: { days } } });
    if (data && data.packages > 0) setAsking({ days, packages: data.packages, bytes: data.bytes });
    else setNothingOld(days);
    throw undecided; // nothing is stored yet, and what was typed stays
  };
  return (
    <>
      <PageHeader title={t('space.title')} text={t('space.text')} />
      <Progress />
      <SettingsForm values={fresh} save={look} saved={null} submit={t('space.look')} creates guard={false}>
        <NumberField name="days" label={t('space.days')} help={t('space.daysHelp')} min={0} max={36500} required />
      </SettingsForm>
      <div role="status">{nothingOld !== null && <p className="section-text">{t('space.nothing', { count: nothingOld })}</p>}</div>
      {asking && <Ask old={asking} close={() => setAsking(null)} />}
    </>
  );
}

function Ask({ old, close }: { old: Old; close: () => void }) {
  const { t } = useTranslation('groups');
  const { client, queries } = useApi();
  const format = useFormat();
  const toast = useToast();
  const told = { count: old.packages, packages: format.count(old.packages), bytes: format.bytes(old.bytes) };
  return (
    <ConfirmDialog
      danger
      title={t('space.ask.title', told)}
      confirm={t('space.ask.confirm')}
      failed={t('space.ask.failed')}
      run={async () => {
        const { data } = await client.POST('/api/v5/internal/packages/free_space', { body: { days: old.days } });
        const count = data?.packages ?? 0;
        toast({ kind: 'success', title: t('space.begun', { count, packages: format.count(count) }) });
        await queries.invalidateQueries();
      }}
      close={close}
    >
      <p>{t('space.ask.sum', told)}</p>
      <p>{t('space.ask.text', { count: old.days, days: format.count(old.days) })}</p>
    </ConfirmDialog>
  );
}

/** How far the server is. It deletes by itself: leaving the page, or the browser, changes nothing. */
function Progress() {
  const { t } = useTranslation('groups');
  const { hooks } = useApi();
  const format = useFormat();
  const query = hooks.useQuery(
    'get',
    '/api/v5/all/packages',
    { params: { query: { status: 'deleting', limit: 1 } } },
    { refetchInterval: pollEvery<PackageList>((data) => (data && data.total_count > 0 ? soon : rarely)) },
  );
  const left = query.data?.total_count ?? 0;
  if (query.data && left === 0) {
    const done = most;
    if (done === 0) return null;
    return (
      <InlineNotification
        className="notice"
        kind="success"
        role="status"
        lowContrast
        statusIconDescription={t('space.done')}
        title={t('space.done')}
        hideCloseButton
        subtitle={t('space.doneText', { count: done, packages: format.count(done) })}
      />
    );
  }
  if (left === 0) return null;
  most = Math.max(most, left);
  return (
    <div className="space-progress" data-testid="space-progress">
      <ProgressBar label={t('space.progress')} helperText={t('space.left', { count: left, packages: format.count(left) })} value={most - left} max={most} />
    </div>
  );
}
