import { Button } from '@carbon/react';
import { useState } from 'react';
import { useFormContext, useWatch } from 'react-hook-form';
import { useTranslation } from 'react-i18next';
import { NumberField, SelectField, TextField, ToggleField } from '../../components/form/fields';
import { FolderPicker } from './FolderPicker';
import type { StorageValues } from './storage';

const permissions = ['private', 'public', 'limited'] as const;
const rates = ['kbps_initial_target_upload_rate', 'kbps_max_target_upload_rate', 'kbps_initial_target_download_rate', 'kbps_max_target_download_rate'] as const;

export function StorageFields({ node }: { node: string }) {
  const { t } = useTranslation('admin');
  const { setValue } = useFormContext<StorageValues>();
  const { directory = '', override_transfer_parameters: override } = useWatch<StorageValues>();
  const [picking, setPicking] = useState(false);
  return (
    <>
      <TextField name="name" label={t('storage.field.name')} required rules={{ maxLength: { value: 255, message: t('form.tooLong') } }} />
      <div className="field-row">
        <TextField name="directory" label={t('storage.field.directory')} help={t('storage.field.directoryHelp')} code required rules={{ maxLength: { value: 1024, message: t('form.tooLong') } }} />
        <Button kind="tertiary" size="md" onClick={() => setPicking(true)}>
          {t('storage.action.browse')}
        </Button>
      </div>
      <ToggleField name="default_inbox" label={t('storage.field.default_inbox')} help={t('storage.field.default_inboxHelp')} />
      <SelectField
        name="read_permission"
        label={t('storage.field.read_permission')}
        help={t('storage.field.read_permissionHelp')}
        choices={permissions.map((value) => ({ value, text: t(`storage.read.${value}`) }))}
      />
      <ToggleField name="enable_linking" label={t('storage.field.enable_linking')} help={t('storage.field.enable_linkingHelp')} />
      <ToggleField name="override_transfer_parameters" label={t('storage.field.override_transfer_parameters')} />
      {override && rates.map((name) => <NumberField key={name} name={name} label={t(`storage.field.${name}`)} min={0} required />)}
      {picking && (
        <FolderPicker
          node={node}
          start={directory || '/'}
          choose={(path) => setValue('directory', path, { shouldDirty: true, shouldTouch: true, shouldValidate: true })}
          close={() => setPicking(false)}
        />
      )}
    </>
  );
}
