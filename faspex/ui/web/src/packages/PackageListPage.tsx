import { Add, Box as BoxIcon } from '@carbon/icons-react';
import { Button, Pagination, Search } from '@carbon/react';
import { useCallback, useEffect, useState } from 'react';
import { useNavigate } from 'react-router';
import type { Box } from '../api/client';
import type { PackageList } from '../api/types';
import { Problem } from '../shell/Problem';
import { useApp } from '../shell/context';
import { usePolling } from '../usePolling';
import { PackageTable, PackageTableSkeleton } from './PackageTable';
import { packageStatus } from './status';

const words: Record<Box, { title: string; text: string; empty: string; emptyText: string }> = {
  received: {
    title: 'Received',
    text: 'Packages that were sent to you.',
    empty: 'No packages yet',
    emptyText: 'When somebody sends you a package, it appears here as soon as its files are complete.',
  },
  sent: {
    title: 'Sent',
    text: 'Packages that you sent, and how far they are.',
    empty: 'You have sent no packages',
    emptyText: 'Create a package, choose who receives it, and upload its files at full speed with ascp.',
  },
};

const pageSizes = [25, 50, 100];

/** Looks more often while something is on its way. */
function interval(list: PackageList | null): number {
  return list?.packages.some((pkg) => packageStatus(pkg).moving) ? 3000 : 10_000;
}

export function PackageListPage({ box }: { box: Box }) {
  const { api, sessionEnded } = useApp();
  const navigate = useNavigate();
  const [page, setPage] = useState({ number: 1, size: 25 });
  const [search, setSearch] = useState('');
  const q = useDelayed(search.trim(), 300);

  const load = useCallback(
    (signal: AbortSignal) => api.packages(box, { limit: page.size, offset: (page.number - 1) * page.size, q }, signal),
    [api, box, page, q],
  );
  const { data, error, loading, refresh } = usePolling(load, interval);
  useEffect(() => {
    if (error) sessionEnded(error);
  }, [error, sessionEnded]);
  useEffect(() => {
    document.title = `${words[box].title} – Faspex`;
  }, [box]);

  const { title, text, empty, emptyText } = words[box];
  return (
    <main id="main-content" className="page" tabIndex={-1}>
      <div className="page-header">
        <div>
          <h1>{title}</h1>
          <p>{text}</p>
        </div>
        <Button renderIcon={Add} onClick={() => void navigate('/new')}>
          New package
        </Button>
      </div>
      {error && <Problem title="Packages could not be loaded." error={error} retry={refresh} />}
      <Search
        labelText={`Search ${title.toLowerCase()} packages`}
        placeholder="Search by title or person"
        value={search}
        onChange={(event) => {
          setSearch(event.target.value);
          setPage((current) => ({ ...current, number: 1 }));
        }}
        size="lg"
      />
      {loading && <PackageTableSkeleton box={box} />}
      {data && data.packages.length > 0 && (
        <>
          <PackageTable box={box} packages={data.packages} />
          {data.total_count > pageSizes[0]! && (
            <Pagination
              page={page.number}
              pageSize={page.size}
              pageSizes={pageSizes}
              totalItems={data.total_count}
              onChange={({ page: number, pageSize: size }) => setPage({ number, size })}
            />
          )}
        </>
      )}
      {data && data.packages.length === 0 && (
        <section className="empty" aria-live="polite">
          <BoxIcon size={32} aria-hidden />
          <h2>{q ? 'Nothing found' : empty}</h2>
          <p>{q ? `No package has “${q}” in its title, or in the name of its sender or of a recipient.` : emptyText}</p>
          {!q && box === 'sent' && (
            <Button kind="tertiary" onClick={() => void navigate('/new')}>
              Create the first package
            </Button>
          )}
        </section>
      )}
    </main>
  );
}

/** The value as it was when it last stood still for some milliseconds. */
function useDelayed(value: string, milliseconds: number): string {
  const [delayed, setDelayed] = useState(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setDelayed(value), milliseconds);
    return () => window.clearTimeout(timer);
  }, [value, milliseconds]);
  return delayed;
}
