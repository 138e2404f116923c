import { useTranslation } from 'react-i18next';
import { useParams } from 'react-router';
import { useApi } from '../api/context';
import { pollEvery } from '../api/polling';
import type { Package } from '../api/types';
import { PageHeader } from '../components/PageHeader';
import { ProblemNotice } from '../components/ProblemNotice';
import { PageSkeleton } from '../shell/PageSkeleton';
import { PackageFacts } from './PackageFacts';
import { packageStatus } from './status';
import { StatusTag } from './StatusTag';

const soon = 2_000;
const rarely = 60_000;

/** Everything about one package: how it stands, who is in it, its files, and how to move them. */
export default function PackagePage() {
  const { id = '' } = useParams();
  const { t } = useTranslation('packages');
  const { hooks } = useApi();
  const query = hooks.useQuery(
    'get',
    '/api/v5/packages/{id}',
    { params: { path: { id } } },
    { refetchInterval: pollEvery<Package>((data) => (data && packageStatus(data).moving ? soon : rarely)) },
  );
  const pkg = query.data;
  if (!pkg) {
    return (
      <>
        <PageHeader title={t('package.title')} />
        {query.error ? <ProblemNotice title={t('package.failed')} error={query.error} retry={() => void query.refetch()} /> : <PageSkeleton />}
      </>
    );
  }
  return (
    <>
      <PageHeader title={pkg.title} isolated beside={<StatusTag pkg={pkg} />} />
      {query.error && <ProblemNotice title={t('package.failed')} error={query.error} retry={() => void query.refetch()} />}
      <PackageFacts pkg={pkg} />
    </>
  );
}
