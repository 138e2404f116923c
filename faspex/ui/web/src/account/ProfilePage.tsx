import { useTranslation } from 'react-i18next';
import { useFormContext } from 'react-hook-form';
import { PasswordField, TextField } from '../components/form/fields';
import { SettingsForm } from '../components/form/SettingsForm';
import { PageHeader } from '../components/PageHeader';
import { personName } from '../i18n/format';
import { useAccount, usePreferences } from '../shell/account';
import '../packages/package.scss';
import './account.scss';
import { useSavePreferences } from './savePreferences';

/** Who the person is to others. The name is the administrators'; the e-mail address can be changed with the password. */
export default function ProfilePage() {
  const { t } = useTranslation('account');
  const account = useAccount();
  const { email, can_edit_email: editable } = usePreferences();
  const save = useSavePreferences();
  return (
    <>
      <PageHeader title={t('profile.title')} text={t('profile.text')} />
      <dl className="facts account-facts" aria-label={t('profile.title')}>
        <div>
          <dt>{t('profile.name')}</dt>
          <dd>
            <bdi>{personName(account)}</bdi>
          </dd>
        </div>
        <div>
          <dt>{t('profile.login')}</dt>
          <dd>
            <bdi>{account.name}</bdi>
          </dd>
        </div>
        <div>
          <dt>{t('profile.role')}</dt>
          <dd>{t(`role.${account.role}`)}</dd>
        </div>
      </dl>
      <SettingsForm values={{ email, current_password: '' }} save={save} saved={t('profile.saved')} after="reset">
        <TextField
          name="email"
          type="email"
          autoComplete="email"
          label={t('profile.email')}
          help={t('profile.emailHelp')}
          code
          readOnly={!editable}
          rules={{ pattern: { value: /^[^\s@]+@[^\s@]+$/, message: t('profile.emailWrong') } }}
        />
        {editable && <CurrentPassword />}
      </SettingsForm>
    </>
  );
}

/** Asked for once the address was changed. */
function CurrentPassword() {
  const { t } = useTranslation('account');
  const { formState } = useFormContext<{ email: string; current_password: string }>();
  if (!formState.dirtyFields.email) return null;
  return <PasswordField name="current_password" autoComplete="current-password" label={t('password.current')} help={t('profile.passwordHelp')} required />;
}
