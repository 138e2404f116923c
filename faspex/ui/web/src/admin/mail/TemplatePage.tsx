import { Button } from '@carbon/react';
import { useMemo, useState } from 'react';
import { useWatch } from 'react-hook-form';
import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/context';
import type { components } from '../../api/schema';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { SelectField, TextAreaField, TextField, ToggleField } from '../../components/form/fields';
import { ProblemNotice } from '../../components/ProblemNotice';
import { useParams } from '../../navigation/router';
import { PageSkeleton } from '../../shell/PageSkeleton';
import { useToast } from '../../shell/toasts';
import { type Fields, useVersioned, VersionedForm } from '../versioned';
import { MailFrame } from './MailFrame';
import { Preview } from './Preview';
import { changesOf, type TemplateValues, templateValues } from './template';
import { useTypeName } from './types';

type Template = components['schemas']['EmailNotification'];

/** What a kind of mail says. Its two texts are both kept, whichever is chosen to be sent (page-81). */
export default function TemplatePage() {
  const { type = '' } = useParams();
  const { t } = useTranslation(['settings', 'admin']);
  const { client } = useApi();
  const nameOf = useTypeName();
  const query = useVersioned<Template>(['template', type], (signal) => client.GET('/api/v5/email_notifications', { params: { query: { type } }, signal }));
  const template = query.data?.thing;
  return (
    <MailFrame title={template ? nameOf(type, template.description) : t('admin:mail.template.title')}>
      {query.error && <ProblemNotice title={t('template.failed')} error={query.error} retry={() => void query.refetch()} />}
      {!template && !query.error && <PageSkeleton />}
      {template && <Editor key={type} type={type} template={template} query={query} />}
    </MailFrame>
  );
}

function Editor({ type, template, query }: { type: string; template: Template; query: ReturnType<typeof useVersioned<Template>> }) {
  const { t } = useTranslation(['settings', 'admin']);
  const { client } = useApi();
  const toast = useToast();
  const [restoring, setRestoring] = useState(false);
  const values = useMemo(() => templateValues(template), [template]);
  const onOff = (on: boolean) => t(on ? 'admin:value.on' : 'admin:value.off');
  const fields: Fields<TemplateValues> = {
    editor: { label: t('template.editor'), show: (editor) => t(`template.${editor}`) },
    subject: { label: t('template.field.subject') },
    greeting: { label: t('template.field.greeting') },
    introduction: { label: t('template.field.introduction') },
    include_details: { label: t('template.field.include_details'), show: onOff },
    include_recipients: { label: t('template.field.include_recipients'), show: onOff },
    message_continued: { label: t('template.field.message_continued') },
    signature: { label: t('template.field.signature') },
    include_alternate_address_footer: { label: t('template.field.include_alternate_address_footer'), show: onOff },
    alternate_address_footer: { label: t('template.field.alternate_address_footer') },
    html: { label: t('template.html') },
  };
  const store = async (changed: Partial<TemplateValues>, etag: string) => {
    let match = etag;
    let answer: { response: Response } | undefined;
    for (const body of changesOf(values, changed)) {
      answer = await client.PUT('/api/v5/email_notifications', { params: { query: { type }, header: { 'If-Match': match } }, body });
      match = answer.response.headers.get('ETag') ?? '';
    }
    return answer ?? { response: new Response() };
  };
  return (
    <>
      <VersionedForm<Template, TemplateValues> query={query} values={values} fields={fields} store={store} saved={t('template.saved')}>
        <TemplateFields />
        <Preview type={type} />
      </VersionedForm>
      <section className="section" aria-labelledby="template-restore">
        <h2 id="template-restore">{t('template.restore.title')}</h2>
        <p className="section-text">{t('template.restore.text')}</p>
        <Button kind="danger--tertiary" onClick={() => setRestoring(true)}>
          {t('template.restore.confirm')}
        </Button>
      </section>
      {restoring && (
        <ConfirmDialog
          title={t('template.restore.ask')}
          confirm={t('template.restore.confirm')}
          danger
          run={async () => {
            await client.PUT('/api/v5/email_notifications/restore_default', { params: { query: { type } } });
            await query.refetch();
            toast({ kind: 'success', title: t('template.restore.done') });
          }}
          failed={t('template.restore.failed')}
          close={() => setRestoring(false)}
        >
          <p>{t('template.restore.text')}</p>
        </ConfirmDialog>
      )}
    </>
  );
}

function TemplateFields() {
  const { t } = useTranslation('settings');
  const { editor } = useWatch<TemplateValues>();
  return (
    <>
      <SelectField
        name="editor"
        label={t('template.editor')}
        help={t('template.editorHelp')}
        choices={(['form', 'html'] as const).map((value) => ({ value, text: t(`template.${value}`) }))}
      />
      <TextField name="subject" label={t('template.field.subject')} required />
      {editor === 'html' ? (
        <TextAreaField name="html" label={t('template.html')} code rows={16} />
      ) : (
        <>
          <TextAreaField name="greeting" label={t('template.field.greeting')} rows={2} />
          <TextAreaField name="introduction" label={t('template.field.introduction')} rows={4} />
          <ToggleField name="include_details" label={t('template.field.include_details')} />
          <ToggleField name="include_recipients" label={t('template.field.include_recipients')} />
          <TextAreaField name="message_continued" label={t('template.field.message_continued')} rows={4} />
          <TextAreaField name="signature" label={t('template.field.signature')} rows={2} />
          <ToggleField name="include_alternate_address_footer" label={t('template.field.include_alternate_address_footer')} />
          <TextAreaField name="alternate_address_footer" label={t('template.field.alternate_address_footer')} rows={2} />
        </>
      )}
    </>
  );
}
