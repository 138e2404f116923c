import { useWatch } from 'react-hook-form';
import { useTranslation } from 'react-i18next';
import { NumberField, TextAreaField, TextField, ToggleField } from '../../components/form/fields';
import type { ClientValues } from './clients';

export function ClientFields() {
  const { t } = useTranslation('admin');
  const { allow_implicit_grant: implicit, allow_jwt_grant: jwt, allow_global_key: key, allow_refresh_token: refresh, access_grant_all_users: everybody } = useWatch<ClientValues>();
  const tooLong = { maxLength: { value: 255, message: t('form.tooLong') } };
  return (
    <>
      <TextField name="name" label={t('clients.field.name')} required rules={tooLong} />
      <TextAreaField name="description" label={t('clients.field.description')} rows={2} />
      <TextField name="contact_email" type="email" label={t('clients.field.contact_email')} code rules={tooLong} />
      <TextAreaField name="redirect_uris" label={t('clients.field.redirect_uris')} help={t('clients.field.redirect_urisHelp')} code rows={3} />
      {!jwt && <ToggleField name="allow_implicit_grant" label={t('clients.field.allow_implicit_grant')} help={t('clients.field.allow_implicit_grantHelp')} />}
      {!implicit && <ToggleField name="allow_jwt_grant" label={t('clients.field.allow_jwt_grant')} help={t('clients.field.allow_jwt_grantHelp')} />}
      {jwt && <ToggleField name="allow_global_key" label={t('clients.field.allow_global_key')} help={t('clients.field.allow_global_keyHelp')} />}
      {jwt && key && <TextAreaField name="public_key" label={t('clients.field.public_key')} help={t('clients.field.public_keyHelp')} code rows={6} />}
      <NumberField name="access_token_expiration_hours" label={t('clients.field.access_token_expiration_hours')} min={1} max={720} required />
      <ToggleField name="allow_refresh_token" label={t('clients.field.allow_refresh_token')} />
      {refresh && <NumberField name="refresh_token_expiration_hours" label={t('clients.field.refresh_token_expiration_hours')} min={1} max={8760} required />}
      <ToggleField name="access_grant_all_users" label={t('clients.field.access_grant_all_users')} />
      {!everybody && <TextAreaField name="access_grant_to_users" label={t('clients.field.access_grant_to_users')} help={t('clients.field.access_grant_to_usersHelp')} code rows={3} />}
    </>
  );
}
