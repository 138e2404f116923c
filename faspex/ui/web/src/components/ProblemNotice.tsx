import { ActionableNotification, InlineNotification } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import { problemOf } from '../api/problem';
import './notice.scss';

export interface ProblemNoticeProps {
  /** What did not succeed, as a sentence. */
  title: string;
  error: unknown;
  /** Offered when another try can succeed. */
  retry?: () => void;
}

/** Tells what went wrong in the server's words or the page's own, with the id of the request, and offers to try again. */
export function ProblemNotice({ title, error, retry }: ProblemNoticeProps) {
  const { t } = useTranslation('shell');
  const problem = problemOf(error);
  const text = useProblemText()(error);
  const subtitle = problem.requestId ? `${text} ${t('problem.request', { id: problem.requestId })}` : text;
  const common = { className: 'notice', kind: 'error' as const, role: 'alert' as const, lowContrast: true, hideCloseButton: true, title, subtitle };
  if (!retry || !(problem.temporary || problem.code === 'unexpected')) {
    return <InlineNotification {...common} statusIconDescription={t('problem.icon')} />;
  }
  return (
    <ActionableNotification
      {...common}
      inline
      hasFocus={false}
      statusIconDescription={t('problem.icon')}
      actionButtonLabel={t('action.retry')}
      onActionButtonClick={retry}
    />
  );
}

const known = ['unreachable', 'bad_answer', 'session_ended', 'unexpected', 'not_found', 'forbidden', 'unavailable', 'too_many_requests'] as const;

/** The sentence for an error. The server's own sentence knows more than a code does, so it goes first. */
export function useProblemText(): (error: unknown) => string {
  const { t } = useTranslation('shell');
  return (error) => {
    const problem = problemOf(error);
    if (problem.message !== '') return problem.message;
    const code = known.find((name) => name === problem.code);
    return code ? t(`problem.${code}`) : t('problem.status', { status: problem.status });
  };
}
