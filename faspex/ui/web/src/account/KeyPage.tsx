import { Button, PasswordInput } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ConfirmDialog } from '../components/ConfirmDialog';
import { PasswordField, TextAreaField } from '../components/form/fields';
import { SettingsForm } from '../components/form/SettingsForm';
import { PageHeader } from '../components/PageHeader';
import '../packages/package.scss';
import { usePreferences } from '../shell/account';
import { useToast } from '../shell/toasts';
import './account.scss';
import { readPublicKey } from './publicKey';
import { useSavePreferences } from './savePreferences';

/** The public key with which programs of the person sign in. */
export default function KeyPage() {
  const { t } = useTranslation('account');
  const { public_key: stored } = usePreferences();
  const save = useSavePreferences();
  const check = async (text: string) => {
    const key = await readPublicKey(text);
    return typeof key === 'string' ? t(`key.problem.${key}`) : true;
  };
  return (
    <>
      <PageHeader title={t('key.title')} text={t('key.text')} />
      {stored ? <StoredKey pem={stored} /> : <p className="section-text">{t('key.none')}</p>}
      <section className="section" aria-labelledby="new-key">
        <h2 id="new-key">{t(stored ? 'key.replace' : 'key.add')}</h2>
        <SettingsForm values={{ public_key: '', current_password: '' }} save={save} saved={t('key.saved')} after="reset" submit={t('key.submit')}>
          <TextAreaField name="public_key" code rows={8} label={t('key.field')} help={t('key.help')} required rules={{ validate: check }} />
          <PasswordField name="current_password" autoComplete="current-password" label={t('password.current')} required />
        </SettingsForm>
      </section>
    </>
  );
}

function StoredKey({ pem }: { pem: string }) {
  const { t } = useTranslation('account');
  const { data } = useQuery({ queryKey: ['fingerprint', pem], queryFn: () => readPublicKey(pem), staleTime: Infinity });
  const [asking, setAsking] = useState(false);
  const key = typeof data === 'object' ? data : null;
  return (
    <>
      <dl className="facts account-facts" aria-label={t('key.stored')}>
        {key && (
          <div>
            <dt>{t('key.kind')}</dt>
            <dd>
              <bdi>{key.algorithm}</bdi>
            </dd>
          </div>
        )}
        <div className="fact-wide">
          <dt>{t('key.fingerprint')}</dt>
          <dd className="key-print">{key ? key.fingerprint : t('key.unread')}</dd>
        </div>
      </dl>
      <Button kind="danger--tertiary" onClick={() => setAsking(true)}>
        {t('key.remove')}
      </Button>
      {asking && <RemoveKey close={() => setAsking(false)} />}
    </>
  );
}

function RemoveKey({ close }: { close: () => void }) {
  const { t } = useTranslation('account');
  const save = useSavePreferences();
  const toast = useToast();
  const [password, setPassword] = useState('');
  return (
    <ConfirmDialog
      danger
      title={t('key.removeTitle')}
      confirm={t('key.remove')}
      failed={t('key.removeFailed')}
      run={async () => {
        await save({ public_key: '', current_password: password });
        toast({ kind: 'success', title: t('key.removed') });
      }}
      close={close}
    >
      <p>{t('key.removeText')}</p>
      <PasswordInput
        id="remove-key-password"
        labelText={t('password.current')}
        autoComplete="current-password"
        showPasswordLabel={t('form.showPassword', { ns: 'shell' })}
        hidePasswordLabel={t('form.hidePassword', { ns: 'shell' })}
        value={password}
        onChange={(event) => setPassword(event.target.value)}
      />
    </ConfirmDialog>
  );
}
