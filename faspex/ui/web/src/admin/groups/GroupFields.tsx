import { useWatch } from 'react-hook-form';
import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/context';
import { useCan } from '../../auth/capabilities';
import { NumberField, SelectField, TextAreaField, TextField, ToggleField } from '../../components/form/fields';
import type { GroupValues, Kind } from './groups';

const types = ['members_only', 'moderated', 'workgroup', 'restricted'] as const;
const fellows = ['mutual', 'workgroup_admin', 'restricted_access'] as const;
const afterDownload = ['nothing', 'any_member', 'all_members'] as const;
const encryption = ['server', 'true', 'optional', 'false'] as const;

/** The settings of a group. What its own admins may not change is read-only to them, as the server has it. */
export function GroupFields({ kind }: { kind: Kind }) {
  const { t } = useTranslation('groups');
  const readOnly = !useCan()('admin.configuration.write');
  return (
    <>
      <TextField name="name" label={t('group.field.name')} required readOnly={readOnly} rules={{ maxLength: { value: 255, message: t('tooLong') } }} />
      <TextAreaField
        name="submitters_instructions"
        label={t('group.field.submitters_instructions')}
        help={t('group.field.submitters_instructionsHelp')}
        rows={3}
        rules={{ maxLength: { value: 4000, message: t('tooLong') } }}
      />
      {kind === 'workgroups' && (
        <>
          <SelectField
            name="workgroup_type"
            label={t('group.field.workgroup_type')}
            readOnly={readOnly}
            choices={types.map((value) => ({ value, text: t(`group.workgroup_type.${value}`) }))}
          />
          <SelectField
            name="member_access"
            label={t('group.field.member_access')}
            readOnly={readOnly}
            choices={fellows.map((value) => ({ value, text: t(`group.member_access.${value}`) }))}
          />
        </>
      )}
      {kind === 'inboxes' && <InboxFields />}
      <ToggleField name="admin_can_manage_existing_users" label={t('group.field.admin_can_manage_existing_users')} readOnly={readOnly} />
      <ToggleField name="admin_can_manage_users" label={t('group.field.admin_can_manage_users')} readOnly={readOnly} />
      {!readOnly && <Destination />}
    </>
  );
}

function InboxFields() {
  const { t } = useTranslation('groups');
  const { hooks } = useApi();
  const { custom_package_expiration_policy: own, set_package_expiration: expires, metadata_profile_id: chosen } = useWatch<GroupValues>();
  const profiles = hooks.useQuery('get', '/api/v5/configuration/metadata_profiles').data?.profiles ?? [];
  const gone = chosen && !profiles.some(({ id }) => id === chosen) ? [{ value: chosen, text: t('group.field.metadata_profile_gone') }] : [];
  return (
    <>
      <SelectField
        name="metadata_profile_id"
        label={t('group.field.metadata_profile_id')}
        help={t('group.field.metadata_profile_idHelp')}
        choices={[{ value: '', text: t('group.field.metadata_profile_none') }, ...gone, ...profiles.map(({ id, name }) => ({ value: id, text: name, foreign: true }))]}
      />
      <ToggleField name="save_metadata_to_file" label={t('group.field.save_metadata_to_file')} help={t('group.field.save_metadata_to_fileHelp')} />
      <ToggleField name="custom_package_expiration_policy" label={t('group.field.custom_package_expiration_policy')} help={t('group.field.custom_package_expiration_policyHelp')} />
      {own && (
        <>
          <SelectField
            name="delete_package_after_download_policy"
            label={t('group.field.delete_package_after_download_policy')}
            choices={afterDownload.map((value) => ({ value, text: t(`group.afterDownload.${value}`) }))}
          />
          <ToggleField name="set_package_expiration" label={t('group.field.set_package_expiration')} />
          {expires && <NumberField name="package_expiration_days" label={t('group.field.package_expiration_days')} min={1} max={36500} required />}
        </>
      )}
      <SelectField
        name="require_encryption_at_rest"
        label={t('group.field.require_encryption_at_rest')}
        choices={encryption.map((value) => ({ value, text: t(`group.encryption.${value}`) }))}
      />
    </>
  );
}

/** Where the files of its packages lie. */
function Destination() {
  const { t } = useTranslation('groups');
  const { hooks } = useApi();
  const locations = hooks.useQuery('get', '/api/v5/shared_folders').data?.shared_folders ?? [];
  return (
    <SelectField
      name="destination"
      label={t('group.field.destination')}
      help={t('group.field.destinationHelp')}
      choices={[{ value: '', text: t('group.field.destinationDefault') }, ...locations.map(({ id, name }) => ({ value: id, text: name, foreign: true }))]}
    />
  );
}
