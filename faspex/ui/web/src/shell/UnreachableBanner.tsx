import { InlineNotification } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import { useReachable } from '../api/reachable';

/** Says that the server cannot be reached, for as long as it cannot. What was typed stays. */
export function UnreachableBanner() {
  const { t } = useTranslation('shell');
  const reachable = useReachable();
  return (
    <div className="banner">
      {!reachable && (
        <InlineNotification
          kind="warning"
          role="status"
          lowContrast
          hideCloseButton
          title={t('unreachable.title')}
          subtitle={t('unreachable.text')}
          statusIconDescription={t('unreachable.icon')}
        />
      )}
    </div>
  );
}
