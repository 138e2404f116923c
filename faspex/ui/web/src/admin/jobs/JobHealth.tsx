import { StructuredListBody, StructuredListCell, StructuredListHead, StructuredListRow, StructuredListWrapper, Tag } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/context';
import { ProblemNotice } from '../../components/ProblemNotice';
import { nothing, useFormat } from '../../i18n/format';

const kinds = ['email', 'package_processing', 'transfer_stats', 'background', 'relay', 'event'] as const;
const colours = { processing: 'green', backlogged: 'magenta', stalled: 'red' } as const;

/** How each kind of background work stands: what waits, what hangs, what was given up. */
export function JobHealth() {
  const { t } = useTranslation('settings');
  const { hooks } = useApi();
  const format = useFormat();
  const query = hooks.useQuery('get', '/api/v5/monitor/{type}', { params: { path: { type: 'jobs' } } }, { refetchInterval: 15_000 });
  if (query.error) return <ProblemNotice title={t('job.health.failed')} error={query.error} retry={() => void query.refetch()} />;
  if (!query.data) return null;
  const { jobs } = query.data;
  return (
    <section className="section" aria-labelledby="job-health">
      <h2 id="job-health">{t('job.health.title')}</h2>
      <StructuredListWrapper aria-labelledby="job-health" isCondensed>
        <StructuredListHead>
          <StructuredListRow head>
            <StructuredListCell head>{t('job.column.type')}</StructuredListCell>
            <StructuredListCell head>{t('job.column.status')}</StructuredListCell>
            <StructuredListCell head>{t('job.health.pending')}</StructuredListCell>
            <StructuredListCell head>{t('job.health.given')}</StructuredListCell>
            <StructuredListCell head>{t('job.health.oldest')}</StructuredListCell>
          </StructuredListRow>
        </StructuredListHead>
        <StructuredListBody>
          {kinds.map((kind) => {
            const { summary } = jobs[kind];
            return (
              <StructuredListRow key={kind}>
                <StructuredListCell>{t(`job.type.${kind}`)}</StructuredListCell>
                <StructuredListCell>
                  <Tag type={colours[summary.monitoring_status]}>{t(`job.health.${summary.monitoring_status}`)}</Tag>
                </StructuredListCell>
                <StructuredListCell>{format.count(summary.pending_records)}</StructuredListCell>
                <StructuredListCell>{format.count(summary.failed)}</StructuredListCell>
                <StructuredListCell>{summary.oldest_record_at ? format.date(summary.oldest_record_at) : nothing}</StructuredListCell>
              </StructuredListRow>
            );
          })}
        </StructuredListBody>
      </StructuredListWrapper>
    </section>
  );
}
