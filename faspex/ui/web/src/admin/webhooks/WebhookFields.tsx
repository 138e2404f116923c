import { FormGroup } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import { NumberField, TextField, ToggleField } from '../../components/form/fields';
import { ends, texts } from './webhooks';

/** What a webhook calls, and for which packages. */
export function WebhookFields() {
  const { t } = useTranslation('webhooks');
  return (
    <>
      <TextField name="name" label={t('field.name')} required />
      <TextField name="url" type="url" label={t('field.url')} help={t('field.urlHelp')} required code />
      <NumberField name="connection_timeout" label={t('field.connection_timeout')} min={1} max={600} required />
      <ToggleField name="active" label={t('field.active')} />
      <FormGroup legendText={t('filters.title')}>
        <div className="stack">
          <p className="section-text">{t('filters.text')}</p>
          {texts.map((field) => (
            <div key={field} className="stack">
              <TextField name={field} label={t(`field.${field}`)} {...(field.startsWith('recipient') ? { help: t('field.peopleOnly') } : {})} />
              <ToggleField name={`${field}_exact`} label={t('field.exact', { field: t(`field.${field}`) })} />
            </div>
          ))}
          {ends.map((field) => (
            <TextField key={field} name={field} label={t(`field.${field}`)} {...(field.startsWith('package_date') ? { help: t('field.day') } : {})} code />
          ))}
        </div>
      </FormGroup>
    </>
  );
}
