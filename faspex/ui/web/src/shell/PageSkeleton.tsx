import { useTranslation } from 'react-i18next';

/** Stands in the place of a page until its code or the account is there. */
export function PageSkeleton() {
  const { t } = useTranslation('shell');
  return (
    <div role="status" aria-label={t('loading')}>
      <p className="cds--skeleton__text cds--skeleton__heading page-skeleton--title" />
      <p className="cds--skeleton__text" />
      <p className="cds--skeleton__text" />
      <p className="cds--skeleton__text page-skeleton--last" />
    </div>
  );
}
