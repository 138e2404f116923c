import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { ApiProblem } from '../api/problem';
import { LazyNotice } from './LazyNotice';

interface WelcomeProps {
  reason: 'signed-out' | 'ended' | 'failed';
  problem?: ApiProblem | null;
  signIn: () => void;
}

/** What a person sees who is not signed in. */
export function Welcome({ reason, problem, signIn }: WelcomeProps) {
  const { t } = useTranslation('shell');
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${t(`welcome.${reason}.title`)} – Faspex`;
    heading.current?.focus();
  }, [reason, t]);
  return (
    <main className="welcome">
      <div className="welcome-card">
        <h1 ref={heading} tabIndex={-1}>
          {t(`welcome.${reason}.title`)}
        </h1>
        <p>{t(`welcome.${reason}.text`)}</p>
        {problem && <LazyNotice title={t('welcome.failed.title')} error={problem} />}
        <button type="button" className="cds--btn cds--btn--primary" onClick={signIn}>
          {reason === 'failed' ? t('action.retry') : t('action.signIn')}
        </button>
      </div>
    </main>
  );
}
