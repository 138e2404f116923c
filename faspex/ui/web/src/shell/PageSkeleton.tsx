import { SkeletonText } from '@carbon/react';
import { useTranslation } from 'react-i18next';

/** Stands in the place of a page until its code or the account is there. */
export function PageSkeleton() {
  const { t } = useTranslation('shell');
  return (
    <div role="status" aria-label={t('loading')}>
      <SkeletonText heading width="40%" />
      <SkeletonText paragraph lineCount={4} />
    </div>
  );
}
