import './downloaders.scss';
import { Button, InlineLoading, Table, TableBody, TableCell, TableContainer, TableHead, TableHeader, TableRow } from '@carbon/react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useApi } from '../api/context';
import type { Package } from '../api/types';
import { ProblemNotice } from '../components/ProblemNotice';
import { useFormat } from '../i18n/format';
import { PersonName } from './People';

/** Who downloaded the package, and who does so now; told to its sender. */
export function Downloaders({ pkg }: { pkg: Package }) {
  const { t } = useTranslation('packages');
  const format = useFormat();
  if (pkg.downloaders.length + pkg.active_downloaders.length + pkg.completed_partial_download_count === 0) return null;
  return (
    <section className="section" aria-labelledby="downloaders">
      <h2 id="downloaders">{t('downloaders.title')}</h2>
      <ul className="people">
        {pkg.downloaders.map((person) => (
          <li key={person.id}>
            <PersonName person={person} /> {t('downloaders.times', { count: person.count ?? 1, times: format.count(person.count ?? 1) })}
          </li>
        ))}
        {pkg.active_downloaders.map((person) => (
          <li key={`active-${person.id}`}>
            <PersonName person={person} /> {t('downloaders.now')}
          </li>
        ))}
      </ul>
      {pkg.completed_partial_download_count > 0 && (
        <p className="section-text">
          {t('downloaders.partial', { count: pkg.completed_partial_download_count, times: format.count(pkg.completed_partial_download_count) })}
        </p>
      )}
      <EveryDownload pkg={pkg} />
    </section>
  );
}

const most = 100;

/** Each download with its time, its address and whether it was of the whole package; asked for when it is wanted. */
function EveryDownload({ pkg }: { pkg: Package }) {
  const { t } = useTranslation('packages');
  const { hooks } = useApi();
  const format = useFormat();
  const [open, setOpen] = useState(false);
  const query = hooks.useQuery('get', '/api/v5/packages/{id}/download_details', { params: { path: { id: pkg.id }, query: { limit: most } } }, { enabled: open });
  if (!open) {
    return (
      <Button kind="ghost" size="sm" onClick={() => setOpen(true)}>
        {t('downloaders.all')}
      </Button>
    );
  }
  if (query.error) return <ProblemNotice title={t('downloaders.failed')} error={query.error} retry={() => void query.refetch()} />;
  if (!query.data) return <InlineLoading description={t('downloaders.loading')} />;
  return (
    <>
      <TableContainer className="downloads">
        <Table aria-label={t('downloaders.all')} size="md">
          <TableHead>
            <TableRow>
              <TableHeader>{t('downloaders.person')}</TableHeader>
              <TableHeader>{t('downloaders.what')}</TableHeader>
              <TableHeader>{t('downloaders.began')}</TableHeader>
              <TableHeader>{t('downloaders.ended')}</TableHeader>
              <TableHeader>{t('downloaders.address')}</TableHeader>
            </TableRow>
          </TableHead>
          <TableBody>
            {query.data.all_downloads.map((one, index) => (
              <TableRow key={`${one.id}-${one.start}-${index}`}>
                <TableCell>
                  <PersonName person={one} />
                </TableCell>
                <TableCell>{t(`downloaders.type.${one.type}`)}</TableCell>
                <TableCell>{format.date(one.start)}</TableCell>
                <TableCell>{one.stop === '' ? t('downloaders.running') : format.date(one.stop)}</TableCell>
                <TableCell>
                  <bdi dir="ltr">{one.ip}</bdi>
                </TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
      </TableContainer>
      {query.data.total_count > most && <p className="section-text">{t('downloaders.more', { shown: format.count(most), total: format.count(query.data.total_count) })}</p>}
    </>
  );
}
