import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useWatch } from 'react-hook-form';
import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/context';
import { ApiProblem } from '../../api/problem';
import { ProblemNotice } from '../../components/ProblemNotice';
import { showStill } from '../../trusted';
import { shownOf, type TemplateValues } from './template';

const pause = 400;

/** The mail as it would be sent, while it is typed. It is shown in a frame in which nothing runs. */
export function Preview({ type }: { type: string }) {
  const { t } = useTranslation('settings');
  const { client } = useApi();
  const typed = useWatch<TemplateValues>();
  const body = useSettled(JSON.stringify(shownOf(typed as TemplateValues)));
  const query = useQuery({
    queryKey: ['admin', 'preview', type, body],
    queryFn: async ({ signal }) => {
      const { data } = await client.POST('/api/v5/email_notifications/preview', { params: { query: { type } }, body: JSON.parse(body) as object, signal });
      if (!data) throw new ApiProblem({ code: 'bad_answer' });
      return data;
    },
    placeholderData: keepPreviousData,
    gcTime: 0,
  });
  return (
    <section aria-labelledby="template-preview">
      <h2 id="template-preview">{t('template.preview')}</h2>
      <p className="section-text">{t('template.previewText')}</p>
      {query.error && <ProblemNotice title={t('template.previewFailed')} error={query.error} retry={() => void query.refetch()} />}
      {query.data && (
        <>
          <p>
            {t('template.field.subject')}: <bdi data-testid="preview-subject">{query.data.subject}</bdi>
          </p>
          <Still title={t('template.preview')} html={query.data.html} />
          <h3 id="template-plain">{t('template.plain')}</h3>
          <pre className="conversation" tabIndex={0} aria-labelledby="template-plain">
            {query.data.text}
          </pre>
          <h3 id="template-words">{t('template.words')}</h3>
          <p className="words" aria-labelledby="template-words">
            {query.data.words.map((word) => (
              <code key={word}>{word}</code>
            ))}
          </p>
        </>
      )}
    </section>
  );
}

/** A frame with a document in which nothing runs. */
function Still({ title, html }: { title: string; html: string }) {
  const frame = useRef<HTMLIFrameElement>(null);
  useEffect(() => {
    if (frame.current) showStill(frame.current, html);
  }, [html]);
  return <iframe className="mail-preview" title={title} sandbox="" ref={frame} />;
}

/** A text once it has not changed for a moment. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), pause);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
