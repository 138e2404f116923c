import { ActionableNotification, ToastNotification } from '@carbon/react';
import { createContext, type ReactNode, useCallback, useContext, useState } from 'react';
import { useTranslation } from 'react-i18next';
import '../components/notice.scss';

export interface Toast {
  kind: 'success' | 'info' | 'warning' | 'error';
  title: string;
  text?: string;
  /** Something that the message offers, such as to undo what was done. */
  action?: { label: string; run: () => void };
}

const Context = createContext<((toast: Toast) => void) | null>(null);

// A message with an action stays until it is used or closed.
const shownFor = 8000;

/** Keeps the messages of the application above every page. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const { t } = useTranslation('shell');
  const [toasts, setToasts] = useState<(Toast & { id: number })[]>([]);
  const show = useCallback((toast: Toast) => setToasts((current) => [...current.slice(-3), { ...toast, id: (current.at(-1)?.id ?? 0) + 1 }]), []);
  const close = (id: number) => setToasts((current) => current.filter((toast) => toast.id !== id));
  return (
    <Context value={show}>
      {children}
      <div className="toasts" role="region" aria-label={t('messages')}>
        {toasts.map(({ id, kind, title, text, action }) =>
          action ? (
            <ActionableNotification
              key={id}
              kind={kind}
              role="alertdialog"
              hasFocus={false}
              closeOnEscape={false}
              title={title}
              subtitle={text ?? ''}
              aria-label={t('action.close')}
              statusIconDescription={t(`kind.${kind}`)}
              actionButtonLabel={action.label}
              onActionButtonClick={() => {
                action.run();
                close(id);
              }}
              onCloseButtonClick={() => close(id)}
            />
          ) : (
            <ToastNotification
              key={id}
              kind={kind}
              role="status"
              title={title}
              subtitle={text ?? ''}
              timeout={shownFor}
              aria-label={t('action.close')}
              statusIconDescription={t(`kind.${kind}`)}
              onClose={() => {
                close(id);
                return false;
              }}
            />
          ),
        )}
      </div>
    </Context>
  );
}

/** Shows a message that goes away by itself and is read out. */
export function useToast(): (toast: Toast) => void {
  const show = useContext(Context);
  if (!show) throw new Error('useToast outside of ToastProvider');
  return show;
}
