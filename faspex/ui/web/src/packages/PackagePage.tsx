import { useTranslation } from 'react-i18next';
import { useParams } from '../navigation/router';
import { useApi } from '../api/context';
import { pollEvery } from '../api/polling';
import type { Package } from '../api/types';
import { useCan } from '../auth/capabilities';
import { PageHeader } from '../components/PageHeader';
import { ProblemNotice } from '../components/ProblemNotice';
import { PageSkeleton } from '../shell/PageSkeleton';
import { AscpSection } from './AscpSection';
import { Downloaders } from './Downloaders';
import { PackageActions } from './PackageActions';
import { PackageFacts } from './PackageFacts';
import { PackageFiles } from './PackageFiles';
import { PackageNotice } from './PackageNotice';
import { packageStatus } from './status';
import { StatusTag } from './StatusTag';
import { UploadProgress } from './UploadProgress';

const soon = 2_000;
const rarely = 120_000;

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
  const problem = query.error && <ProblemNotice title={t('package.failed')} error={query.error} retry={() => void query.refetch()} />;
  if (!query.data) {
    return (
      <>
        <PageHeader title={t('package.title')} />
        {problem ?? <PageSkeleton />}
      </>
    );
  }
  return (
    <>
      {problem}
      <PackageView key={id} pkg={query.data} />
    </>
  );
}

function PackageView({ pkg }: { pkg: Package }) {
  const { name } = packageStatus(pkg);
  const can = useCan();
  return (
    <>
      <PageHeader title={pkg.title} isolated beside={<StatusTag pkg={pkg} />} actions={<PackageActions pkg={pkg} />} />
      {name === 'uploading' ? <UploadProgress pkg={pkg} /> : <PackageNotice pkg={pkg} />}
      <PackageFacts pkg={pkg} />
      {pkg.actions.includes('download_files') && <PackageFiles pkg={pkg} />}
      {(pkg.sides.includes('sent') || can('admin.packages.read')) && <Downloaders pkg={pkg} />}
      {pkg.actions.includes('upload') && <AscpSection pkg={pkg} direction="upload" />}
      {pkg.actions.includes('download') && <AscpSection pkg={pkg} direction="download" />}
    </>
  );
}
