import { useCallback, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useParams } from '../navigation/router';
import { useApi } from '../api/context';
import type { Package } from '../api/types';
import { PageHeader } from '../components/PageHeader';
import { ProblemNotice } from '../components/ProblemNotice';
import { isolated } from '../i18n/format';
import { PageSkeleton } from '../shell/PageSkeleton';
import { useToast } from '../shell/toasts';
import { type Draft, emptyDraft } from './draft';
import type { PackageCreate } from './request';
import { SendForm } from './SendForm';

/** Sends the files of a package on to others, without uploading them again. */
export default function ForwardPage() {
  const { id = '' } = useParams();
  const { t } = useTranslation('send');
  const { hooks } = useApi();
  const query = hooks.useQuery('get', '/api/v5/packages/{id}', { params: { path: { id } } });
  if (!query.data) {
    return (
      <>
        <PageHeader title={t('forward.title')} />
        {query.error ? <ProblemNotice title={t('forward.notRead')} error={query.error} retry={() => void query.refetch()} /> : <PageSkeleton />}
      </>
    );
  }
  return <Forward key={id} pkg={query.data} />;
}

function Forward({ pkg }: { pkg: Package }) {
  const { t } = useTranslation('send');
  const { client, queries } = useApi();
  const toast = useToast();
  const navigate = useNavigate();
  const [begun] = useState<Draft>({ ...emptyDraft, title: pkg.title });
  const [draft, setDraft] = useState(begun);
  const change = useCallback((fields: Partial<Draft>) => setDraft((current) => ({ ...current, ...fields })), []);
  if (!pkg.actions.includes('forward')) {
    return (
      <>
        <PageHeader title={t('forward.title')} />
        <p className="section-text">{t('forward.notAllowed')}</p>
      </>
    );
  }
  const send = async (body: PackageCreate) => {
    // What its sender filled in goes on in the note: there are no fields to fill in again.
    const { data } = await client.POST('/api/v5/packages/{id}/forward', { params: { path: { id: pkg.id } }, body: { ...body, skip_metadata_validation: true } });
    return () => {
      toast({ kind: 'success', title: t(draft.options.release === 'now' ? 'forward.done' : 'forward.waits', { title: isolated(body.title) }) });
      void queries.invalidateQueries();
      navigate(`/packages/sent/${encodeURIComponent(data?.id ?? '')}`);
    };
  };
  return (
    <>
      <PageHeader title={t('forward.title')} text={t('forward.text', { title: isolated(pkg.title) })} />
      <SendForm
        label={t('forward.title')}
        draft={draft}
        change={change}
        dirty={JSON.stringify(draft) !== JSON.stringify(begun)}
        profiles={none}
        files="not needed"
        send={send}
        submit={t('action.forward')}
        failed={t('forward.failed')}
      />
    </>
  );
}

const none = [] as const;
