import { Modal } from '@carbon/react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import { useTranslation } from 'react-i18next';
import { ProblemNotice } from './ProblemNotice';
import './confirm-dialog.scss';

interface ConfirmDialogProps {
  title: ReactNode;
  /** The consequence, in plain words. */
  children: ReactNode;
  /** What the button does, such as "Delete for everyone". */
  confirm: string;
  danger?: boolean;
  /** Does it; a rejection is shown in the dialog, which stays open then. */
  run: () => Promise<unknown>;
  /** What is told when it is rejected. */
  failed: string;
  close: () => void;
}

/**
 * Asks before something is done. It is rendered while it is open: `{asking && <ConfirmDialog … />}`. The focus goes back to
 * the control that opened it, by whatever way it is closed (test/browser: page-4).
 */
export function ConfirmDialog({ title, children, confirm, danger = false, run, failed, close }: ConfirmDialogProps) {
  const { t } = useTranslation('shell');
  const [working, setWorking] = useState(false);
  const [error, setError] = useState<unknown>(null);
  useReturnedFocus();
  const submit = async () => {
    setWorking(true);
    setError(null);
    try {
      await run();
      close();
    } catch (reason) {
      setError(reason);
      setWorking(false);
    }
  };
  return createPortal(
    <Modal
      open
      size="sm"
      danger={danger}
      modalHeading={title}
      aria-label={confirm}
      closeButtonLabel={t('action.close')}
      primaryButtonText={working ? t('confirm.working') : confirm}
      secondaryButtonText={t('action.cancel')}
      primaryButtonDisabled={working}
      onRequestClose={() => {
        if (!working) close();
      }}
      onRequestSubmit={() => void submit()}
    >
      {children}
      {error !== null && <ProblemNotice title={failed} error={error} />}
    </Modal>,
    document.body,
  );
}

/** Gives the focus back, when the component goes, to what had it when it came; to the main part if that is gone. */
export function useReturnedFocus(): void {
  const [before] = useState(() => document.activeElement);
  const element = useRef(before);
  useEffect(() => {
    const target = element.current;
    return () => {
      // After React has taken the dialog away.
      requestAnimationFrame(() => {
        if (document.activeElement && document.activeElement !== document.body) return;
        const usable = target instanceof HTMLElement && target.isConnected && target !== document.body && target.checkVisibility();
        (usable ? target : document.getElementById('main-content'))?.focus({ preventScroll: usable });
      });
    };
  }, []);
}
