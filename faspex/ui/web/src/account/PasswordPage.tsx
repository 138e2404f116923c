import { CheckmarkFilled, CircleDash } from '@carbon/icons-react';
import { InlineNotification } from '@carbon/react';
import { useFormContext, useWatch } from 'react-hook-form';
import { useTranslation } from 'react-i18next';
import { useApi } from '../api/context';
import { PasswordField } from '../components/form/fields';
import { SettingsForm } from '../components/form/SettingsForm';
import '../components/notice.scss';
import { PageHeader } from '../components/PageHeader';
import { ProblemNotice } from '../components/ProblemNotice';
import { PageSkeleton } from '../shell/PageSkeleton';
import { usePreferences } from '../shell/account';
import './account.scss';
import { checkRules, type PasswordRules } from './rules';
import { useSavePreferences } from './savePreferences';

const empty = { current_password: '', new_password: '', confirm_password: '' };

/** Changes the password. The person stays signed in here and is signed out elsewhere. */
export default function PasswordPage() {
  const { t } = useTranslation('account');
  const { can_change_password: possible } = usePreferences();
  return (
    <>
      <PageHeader title={t('password.title')} text={t('password.text')} />
      {possible ? (
        <PasswordForm />
      ) : (
        <InlineNotification
          className="notice"
          kind="info"
          role="status"
          lowContrast
          hideCloseButton
          title={t('password.elsewhere')}
          statusIconDescription={t('kind.info', { ns: 'shell' })}
        />
      )}
    </>
  );
}

function PasswordForm() {
  const { t } = useTranslation('account');
  const { hooks } = useApi();
  const rules = hooks.useQuery('get', '/api/v5/account/password_rules', {}, { staleTime: Infinity });
  const save = useSavePreferences();
  if (rules.error) return <ProblemNotice title={t('password.rulesFailed')} error={rules.error} retry={() => void rules.refetch()} />;
  if (!rules.data) return <PageSkeleton />;
  const { data } = rules;
  return (
    <SettingsForm values={empty} save={(password) => save({ password })} saved={t('password.saved')} after="reset" submit={t('password.submit')}>
      <PasswordField name="current_password" autoComplete="current-password" label={t('password.current')} required />
      <PasswordField
        name="new_password"
        autoComplete="new-password"
        label={t('password.new')}
        required
        rules={{ validate: (password: string) => checkRules(data, password).every(({ kept }) => kept) || t('password.rulesBroken'), deps: ['confirm_password'] }}
      />
      <Rules rules={data} />
      <PasswordField
        name="confirm_password"
        autoComplete="new-password"
        label={t('password.confirm')}
        required
        rules={{ validate: (password: string, all: Record<string, unknown>) => password === all['new_password'] || t('password.differ') }}
      />
    </SettingsForm>
  );
}

function Rules({ rules }: { rules: PasswordRules }) {
  const { t } = useTranslation('account');
  const { control } = useFormContext<typeof empty>();
  const password = useWatch({ control, name: 'new_password' });
  return (
    <ul className="rules" aria-label={t('password.rules')}>
      {checkRules(rules, password).map(({ name, kept }) => {
        const Icon = kept ? CheckmarkFilled : CircleDash;
        return (
          <li key={name}>
            <Icon aria-label={t(kept ? 'password.kept' : 'password.open')} />
            {t(`password.rule.${name}`, { least: rules.min_length, most: rules.max_length })}
          </li>
        );
      })}
    </ul>
  );
}
