import { InlineLoading, InlineNotification } from '@carbon/react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/context';
import { ApiProblem } from '../../api/problem';
import { TextField } from '../../components/form/fields';
import { SettingsForm } from '../../components/form/SettingsForm';
import { ProblemNotice } from '../../components/ProblemNotice';
import { useAccount } from '../../shell/account';

/** Sends a mail, and shows what the mail server says to it. */
export function TestMail() {
  const { t } = useTranslation('settings');
  const { client } = useApi();
  const account = useAccount();
  const [job, setJob] = useState<string | null>(null);
  const send = async ({ test_email_recipient }: { test_email_recipient: string }) => {
    const { data } = await client.POST('/api/v5/configuration/smtp/test', { body: { test_email_recipient } });
    if (!data) throw new ApiProblem({ code: 'bad_answer' });
    setJob(data.job_id);
  };
  const [to] = useState({ test_email_recipient: account.email });
  return (
    <section className="section" aria-labelledby="mail-test">
      <h2 id="mail-test">{t('mail.test.title')}</h2>
      <p className="section-text">{t('mail.test.text')}</p>
      <SettingsForm values={to} save={send} saved={null} submit={t('mail.test.send')} guard={false} creates>
        <TextField name="test_email_recipient" type="email" label={t('mail.test.to')} code required />
      </SettingsForm>
      {job !== null && <Outcome key={job} job={job} />}
    </section>
  );
}

/** The lines of the conversation, in what a job tells. */
function linesOf(data: unknown): string[] {
  const trace = typeof data === 'object' && data !== null && 'smtp_trace' in data ? data.smtp_trace : [];
  return Array.isArray(trace) ? trace.filter((line) => typeof line === 'string') : [];
}

function Outcome({ job }: { job: string }) {
  const { t } = useTranslation('settings');
  const { hooks } = useApi();
  const query = hooks.useQuery(
    'get',
    '/api/v5/jobs/{id}',
    { params: { path: { id: job } } },
    { refetchInterval: ({ state }) => (state.data && ['completed', 'failed'].includes(state.data.status) ? false : 1000) },
  );
  if (query.error) return <ProblemNotice title={t('mail.test.failed')} error={query.error} retry={() => void query.refetch()} />;
  const status = query.data?.status;
  if (!query.data || (status !== 'completed' && status !== 'failed')) return <InlineLoading description={t('mail.test.waiting')} />;
  const lines = linesOf(query.data.data);
  return (
    <>
      <InlineNotification
        kind={status === 'completed' ? 'success' : 'error'}
        role="status"
        lowContrast
        hideCloseButton
        title={t(status === 'completed' ? 'mail.test.completed' : 'mail.test.failed')}
        subtitle={status === 'failed' ? query.data.error_desc : ''}
        statusIconDescription={t('mail.test.title')}
      />
      {lines.length > 0 && (
        <>
          <h3 id="mail-conversation">{t('mail.test.conversation')}</h3>
          <pre className="conversation" tabIndex={0} aria-labelledby="mail-conversation">
            {lines.join('\n')}
          </pre>
        </>
      )}
    </>
  );
}
