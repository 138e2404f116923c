import { useTranslation } from 'react-i18next';
import { SelectField, TextAreaField, TextField, ToggleField } from '../../components/form/fields';
import { useAccount } from '../../shell/account';
import { type Role, rolesToGive } from './users';

/** The values of an account that administrators change. */
export interface UserValues {
  first_name: string;
  last_name: string;
  email: string;
  description: string;
  role: Role;
  uploads_allowed: boolean;
  downloads_allowed: boolean;
  account_activated: boolean;
}

export const newUser: UserValues = {
  first_name: '',
  last_name: '',
  email: '',
  description: '',
  role: 'user',
  uploads_allowed: true,
  downloads_allowed: true,
  account_activated: true,
};

/** Who somebody is. */
export function PersonFields({ readOnly = false }: { readOnly?: boolean }) {
  const { t } = useTranslation('admin');
  return (
    <>
      <TextField name="first_name" label={t('users.field.first_name')} rules={{ maxLength: { value: 255, message: t('form.tooLong') } }} readOnly={readOnly} />
      <TextField name="last_name" label={t('users.field.last_name')} rules={{ maxLength: { value: 255, message: t('form.tooLong') } }} readOnly={readOnly} />
      <TextField
        name="email"
        type="email"
        label={t('users.field.email')}
        code
        required
        readOnly={readOnly}
        rules={{ pattern: { value: /^[^\s@]+@[^\s@]+$/, message: t('users.field.emailInvalid') }, maxLength: { value: 255, message: t('form.tooLong') } }}
      />
      <TextAreaField name="description" label={t('users.field.description')} rows={2} readOnly={readOnly} />
    </>
  );
}

interface PermissionFieldsProps {
  readOnly?: boolean;
  /** The own account: nobody changes the own role or closes the own account. */
  own?: boolean;
  /** The role that the account has, which is shown although the caller may not give it. */
  role: Role;
  /** False for an account that is made: it is active. */
  activation?: boolean;
}

/** What somebody may do. */
export function PermissionFields({ readOnly = false, own = false, role, activation = true }: PermissionFieldsProps) {
  const { t } = useTranslation('admin');
  const choices = [...new Set([...rolesToGive(useAccount()), role])];
  return (
    <>
      <SelectField
        name="role"
        label={t('users.field.role')}
        help={t(own ? 'users.field.ownRole' : 'users.field.roleHelp')}
        readOnly={readOnly || own || choices.length < 2}
        choices={choices.map((value) => ({ value, text: t(`users.role.${value}`) }))}
      />
      <ToggleField name="uploads_allowed" label={t('users.field.uploads_allowed')} readOnly={readOnly} />
      <ToggleField name="downloads_allowed" label={t('users.field.downloads_allowed')} readOnly={readOnly} />
      {activation && (
        <ToggleField
          name="account_activated"
          label={t('users.field.account_activated')}
          help={t(own ? 'users.field.ownActive' : 'users.field.activeHelp')}
          readOnly={readOnly || own}
        />
      )}
    </>
  );
}
