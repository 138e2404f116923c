import { ActionableNotification } from '@carbon/react';

/** Tells what went wrong in the server's words, and offers to try again. */
export function Problem({ title, error, retry }: { title: string; error: Error; retry?: () => void }) {
  return (
    <ActionableNotification
      className="notice"
      kind="error"
      role="alert"
      inline
      lowContrast
      hideCloseButton
      hasFocus={false}
      title={title}
      subtitle={error.message}
      {...(retry ? { actionButtonLabel: 'Try again', onActionButtonClick: retry } : {})}
    />
  );
}
