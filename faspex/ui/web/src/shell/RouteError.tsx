import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { lastAnswer } from '../api/client';
import { ApiProblem } from '../api/problem';
import { PageHeader } from '../components/PageHeader';
import { LazyNotice } from './LazyNotice';

/** Stands in the place of a page that could not be shown; header and menu stay. */
export function RouteError({ error }: { error: unknown }) {
  const { t } = useTranslation('shell');
  useEffect(() => console.warn('a page could not be shown', error), [error]);
  const problem = error instanceof ApiProblem ? error : new ApiProblem({ code: 'unexpected', requestId: lastAnswer() });
  return (
    <>
      <PageHeader title={t('failed.title')} />
      <LazyNotice title={t('failed.notice')} error={problem} retry={() => window.location.reload()} />
    </>
  );
}
