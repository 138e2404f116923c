import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/context';
import type { Account } from '../../api/types';
import { PasswordField, ToggleField } from '../../components/form/fields';
import { SettingsForm } from '../../components/form/SettingsForm';

interface PasswordValues {
  password: string;
  again: string;
  password_change_required: boolean;
}

const empty: PasswordValues = { password: '', again: '', password_change_required: true };

/** Gives somebody another password, which ends their logins. */
export function SetPassword({ account }: { account: Account }) {
  const { t } = useTranslation('admin');
  const { client } = useApi();
  const save = ({ password, password_change_required }: PasswordValues) =>
    client.PUT('/api/v5/accounts/{id}', { params: { path: { id: account.id } }, body: { password, password_change_required } });
  return (
    <section className="section" aria-labelledby="user-password">
      <h2 id="user-password">{t('users.password.title')}</h2>
      <p className="section-text">{t('users.password.text')}</p>
      <SettingsForm<PasswordValues> values={empty} save={save} saved={t('users.password.saved')} after="reset" guard={false} submit={t('users.password.submit')}>
        <PasswordField name="password" label={t('users.password.new')} help={t('users.password.rules')} autoComplete="new-password" required />
        <PasswordField
          name="again"
          label={t('users.password.again')}
          autoComplete="new-password"
          required
          rules={{ deps: ['password'], validate: (value: string, all) => value === all['password'] || t('users.password.differ') }}
        />
        <ToggleField name="password_change_required" label={t('users.password.change')} help={t('users.password.changeHelp')} />
      </SettingsForm>
    </section>
  );
}
