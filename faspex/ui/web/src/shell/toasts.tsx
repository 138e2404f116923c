import { createContext, lazy, type ReactNode, Suspense, useCallback, useContext, useState } from 'react';
import { useTranslation } from 'react-i18next';

export interface Toast {
  kind: 'success' | 'info' | 'warning' | 'error';
  title: string;
  text?: string;
  /** Something that the message offers, such as to undo what was done. */
  action?: { label: string; run: () => void };
}

const Context = createContext<((toast: Toast) => void) | null>(null);

export type ShownToast = Toast & { id: number };

const ToastList = lazy(() => import('./ToastList'));

/** Keeps the messages of the application above every page. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const { t } = useTranslation('shell');
  const [toasts, setToasts] = useState<ShownToast[]>([]);
  const show = useCallback((toast: Toast) => setToasts((current) => [...current.slice(-3), { ...toast, id: (current.at(-1)?.id ?? 0) + 1 }]), []);
  const close = (id: number) => setToasts((current) => current.filter((toast) => toast.id !== id));
  return (
    <Context value={show}>
      {children}
      <div className="toasts" role="region" aria-label={t('messages')}>
        {toasts.length > 0 && (
          <Suspense fallback={null}>
            <ToastList toasts={toasts} close={close} />
          </Suspense>
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
