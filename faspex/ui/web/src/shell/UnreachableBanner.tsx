import { WarningAltFilled } from './icons';
import { useTranslation } from 'react-i18next';
import { useReachable } from '../api/reachable';

/** Says that the server cannot be reached, for as long as it cannot. It has no part that would have to be loaded then. */
export function UnreachableBanner() {
  const { t } = useTranslation('shell');
  const reachable = useReachable();
  return (
    <div role="status">
      {!reachable && (
        <p className="banner">
          <WarningAltFilled size={20} aria-label={t('unreachable.icon')} />
          <strong>{t('unreachable.title')}</strong> {t('unreachable.text')}
        </p>
      )}
    </div>
  );
}
