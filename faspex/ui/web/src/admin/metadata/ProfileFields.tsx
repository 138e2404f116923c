import { useWatch } from 'react-hook-form';
import { useTranslation } from 'react-i18next';
import { NumberField, TextField, ToggleField } from '../../components/form/fields';
import { FieldsEditor } from './FieldsEditor';
import type { ProfileValues } from './profiles';

export function ProfileFields() {
  const { t } = useTranslation('groups');
  const { note_enabled: hasNote } = useWatch<ProfileValues>();
  return (
    <>
      <TextField name="name" label={t('profile.name')} required rules={{ maxLength: { value: 255, message: t('tooLong') } }} />
      <ToggleField name="default" label={t('profile.default')} help={t('profile.defaultHelp')} />
      <FieldsEditor />
      <NumberField name="title_length" label={t('profile.title_length')} min={1} max={255} required />
      <TextField name="title_illegal" label={t('profile.title_illegal')} help={t('profile.illegalHelp')} code />
      <ToggleField name="note_enabled" label={t('profile.note_enabled')} />
      {hasNote && (
        <>
          <NumberField name="note_length" label={t('profile.note_length')} min={1} max={16000} required />
          <TextField name="note_illegal" label={t('profile.note_illegal')} help={t('profile.illegalHelp')} code />
        </>
      )}
    </>
  );
}
