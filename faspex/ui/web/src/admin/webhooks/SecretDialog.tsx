import { CodeSnippet, Modal } from '@carbon/react';
import { createPortal } from 'react-dom';
import { useTranslation } from 'react-i18next';
import { useReturnedFocus } from '../../components/ConfirmDialog';

/** Shows the secret that signs the calls of a webhook, once. */
export function SecretDialog({ secret, close }: { secret: string; close: () => void }) {
  const { t } = useTranslation('webhooks');
  const shell = useTranslation('shell').t;
  useReturnedFocus();
  return createPortal(
    <Modal
      open
      size="sm"
      preventCloseOnClickOutside
      modalHeading={t('secret.title')}
      aria-label={t('secret.title')}
      closeButtonLabel={shell('action.close')}
      primaryButtonText={t('secret.stored')}
      onRequestClose={close}
      onRequestSubmit={close}
    >
      <div className="dialog-form">
        <p>{t('secret.text')}</p>
        <CodeSnippet type="single" align="left" feedback={t('secret.copied')} copyButtonDescription={t('secret.copy')} aria-label={t('secret.label')}>
          {secret}
        </CodeSnippet>
      </div>
    </Modal>,
    document.body,
  );
}
