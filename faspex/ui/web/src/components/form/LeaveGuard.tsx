import { Modal } from '@carbon/react';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useBlocker } from '../../navigation/router';
import { useReturnedFocus } from '../ConfirmDialog';

/** Asks before the person leaves what was not saved: by a link, by Back, or by closing the tab. */
export function LeaveGuard({ when }: { when: boolean }) {
  const held = useBlocker(when);
  useEffect(() => {
    if (!when) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [when]);
  return held && <LeaveDialog {...held} />;
}

function LeaveDialog({ stay, leave }: { stay: () => void; leave: () => void }) {
  const { t } = useTranslation('shell');
  useReturnedFocus();
  return (
    <Modal
      open
      size="sm"
      danger
      modalHeading={t('form.leave.title')}
      aria-label={t('form.leave.title')}
      closeButtonLabel={t('action.close')}
      primaryButtonText={t('form.leave.leave')}
      secondaryButtonText={t('form.leave.stay')}
      onRequestClose={stay}
      onRequestSubmit={leave}
    >
      <p>{t('form.leave.text')}</p>
    </Modal>
  );
}
