import { useTranslation } from 'react-i18next';
import { Link } from '../navigation/router';
import { PageHeader } from '../components/PageHeader';

/** An address that leads nowhere. */
export function NotFound() {
  const { t } = useTranslation('shell');
  return (
    <>
      <PageHeader title={t('notFound.title')} text={t('notFound.text')} />
      <Link className="cds--btn cds--btn--primary" to="/packages/received">
        {t('notFound.back')}
      </Link>
    </>
  );
}
