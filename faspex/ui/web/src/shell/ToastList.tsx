import { ActionableNotification, ToastNotification } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import '../components/notice.scss';
import type { ShownToast } from './toasts';

// A message with an action stays until it is used or closed.
const shownFor = 8000;

/** The messages that are shown; loaded with the first one. */
export default function ToastList({ toasts, close }: { toasts: readonly ShownToast[]; close: (id: number) => void }) {
  const { t } = useTranslation('shell');
  return toasts.map(({ id, kind, title, text, action }) => {
    const common = { kind, title, subtitle: text ?? '', 'aria-label': t('action.close'), statusIconDescription: t(`kind.${kind}`) };
    if (!action) {
      return (
        <ToastNotification
          key={id}
          {...common}
          role="status"
          timeout={shownFor}
          onClose={() => {
            close(id);
            return false;
          }}
        />
      );
    }
    return (
      <ActionableNotification
        key={id}
        {...common}
        role="alertdialog"
        hasFocus={false}
        closeOnEscape={false}
        actionButtonLabel={action.label}
        onActionButtonClick={() => {
          action.run();
          close(id);
        }}
        onCloseButtonClick={() => close(id)}
      />
    );
  });
}
