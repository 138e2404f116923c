import { Breadcrumb, BreadcrumbItem, DataTableSkeleton, ProgressBar } from '@carbon/react';
import { useCallback, useEffect } from 'react';
import { Link, useParams } from 'react-router';
import type { Box } from '../api/client';
import type { Package, UploadDetails } from '../api/types';
import { Problem } from '../shell/Problem';
import { useApp } from '../shell/context';
import { usePolling } from '../usePolling';
import { DeletePackage } from './DeletePackage';
import { FileBrowser } from './FileBrowser';
import { formatBytes, numberOf } from './format';
import { PackageFacts } from './PackageFacts';
import { awaitsUpload, isDeletable, isReleased, packageStatus } from './status';
import { StatusTag } from './StatusTag';
import { DownloadSection, UploadSection } from './TransferSections';

interface Details {
  pkg: Package;
  /** Present while the files are on their way. */
  upload: UploadDetails | null;
}

const interval = (details: Details | null) => (details && packageStatus(details.pkg).moving ? 2000 : 10_000);

/** Everything about one package: how it stands, who is in it, its files, and how to move them. */
export function PackagePage({ box }: { box: Box }) {
  const { id = '' } = useParams();
  const { api, sessionEnded } = useApp();
  const load = useCallback(
    async (signal: AbortSignal): Promise<Details> => {
      const pkg = await api.package(id, signal);
      const uploading = pkg.state === 'held' && (pkg.upload_status === 'transferring' || pkg.upload_status === 'queued');
      return { pkg, upload: uploading ? await api.uploadDetails(id, signal) : null };
    },
    [api, id],
  );
  const { data, error, loading, refresh } = usePolling(load, interval);
  useEffect(() => {
    if (error) sessionEnded(error);
  }, [error, sessionEnded]);
  const title = data?.pkg.title;
  useEffect(() => {
    document.title = `${title ?? 'Package'} – Faspex`;
  }, [title]);

  return (
    <main id="main-content" className="page" tabIndex={-1}>
      <Breadcrumb noTrailingSlash>
        <BreadcrumbItem>
          <Link to={`/${box}`}>{box === 'received' ? 'Received' : 'Sent'}</Link>
        </BreadcrumbItem>
      </Breadcrumb>
      {!data && <h1 className="visually-hidden">Package</h1>}
      {loading && <DataTableSkeleton columnCount={3} rowCount={4} showHeader={false} showToolbar={false} aria-label="Loading the package" />}
      {error && <Problem title="The package could not be loaded." error={error} retry={refresh} />}
      {data && <PackageView box={box} {...data} />}
    </main>
  );
}

function PackageView({ box, pkg, upload }: { box: Box } & Details) {
  const percent = upload?.upload_status === 'transferring' ? numberOf(upload.percentage_complete) : null;
  return (
    <>
      <div className="page-header">
        <div className="title-line">
          <h1>{pkg.title}</h1>
          <StatusTag pkg={pkg} progress={percent} />
        </div>
        {isDeletable(pkg) && <DeletePackage pkg={pkg} box={box} />}
      </div>
      {packageStatus(pkg).label === 'Failed' && (
        <Problem
          title="The upload failed."
          error={new Error(pkg.error_desc || 'The transfer node gave no reason. Run the upload again: what has arrived is kept.')}
        />
      )}
      {upload && percent !== null && (
        <div className="notice">
          <ProgressBar label="Uploading" helperText={progressText(upload)} value={percent} max={100} />
        </div>
      )}
      <PackageFacts pkg={pkg} />
      {box === 'sent' && awaitsUpload(pkg) && <UploadSection pkg={pkg} />}
      {isReleased(pkg) && <DownloadSection pkg={pkg} box={box} />}
      {isReleased(pkg) && <FileBrowser id={pkg.id} box={box} />}
    </>
  );
}

function progressText(upload: UploadDetails): string {
  const moved = `${formatBytes(numberOf(upload.bytes_written))} of ${formatBytes(numberOf(upload.bytes_total))}`;
  const seconds = numberOf(upload.time_remaining);
  return seconds === null ? moved : `${moved}, about ${Math.ceil(seconds)} s left`;
}
