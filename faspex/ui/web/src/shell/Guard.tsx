import { type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useCan } from '../auth/capabilities';
import { PageHeader } from '../components/PageHeader';
import type { Page } from '../routes';

/** Shows a page to those who may see it, and says to others that they may not. */
export function Guard({ page, children }: { page: Page; children: ReactNode }) {
  const { t } = useTranslation('shell');
  const can = useCan();
  if (can(page.permission)) return children;
  return <PageHeader title={t('notAllowed.title')} text={t('notAllowed.text')} />;
}
