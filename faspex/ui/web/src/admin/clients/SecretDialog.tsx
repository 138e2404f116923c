import { CodeSnippet, Modal } from '@carbon/react';
import { createPortal } from 'react-dom';
import { useTranslation } from 'react-i18next';
import { useReturnedFocus } from '../../components/ConfirmDialog';

interface SecretDialogProps {
  id: string;
  /** Shown here and nowhere else: the server keeps only its hash. */
  secret: string;
  close: () => void;
}

/** Shows the secret of an API client, once. */
export function SecretDialog({ id, secret, close }: SecretDialogProps) {
  const { t } = useTranslation('admin');
  const shell = useTranslation('shell').t;
  useReturnedFocus();
  const copy = { feedback: t('clients.secret.copied'), align: 'left' as const };
  return createPortal(
    <Modal
      open
      size="sm"
      passiveModal={false}
      preventCloseOnClickOutside
      modalHeading={t('clients.secret.title')}
      aria-label={t('clients.secret.title')}
      closeButtonLabel={shell('action.close')}
      primaryButtonText={t('clients.secret.stored')}
      onRequestClose={close}
      onRequestSubmit={close}
    >
      <div className="dialog-form">
        <p>{t('clients.secret.text')}</p>
        <div>
          <p className="cds--label">{t('clients.field.client_id')}</p>
          <CodeSnippet type="single" {...copy} copyButtonDescription={t('clients.secret.copyId')} aria-label={t('clients.field.client_id')}>
            {id}
          </CodeSnippet>
        </div>
        <div>
          <p className="cds--label">{t('clients.field.client_secret')}</p>
          <CodeSnippet type="single" {...copy} copyButtonDescription={t('clients.secret.copySecret')} aria-label={t('clients.field.client_secret')}>
            {secret}
          </CodeSnippet>
        </div>
      </div>
    </Modal>,
    document.body,
  );
}
