import { Button, InlineNotification } from '@carbon/react';
import { useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useWatch } from 'react-hook-form';
import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/context';
import type { components } from '../../api/schema';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { NumberField, PasswordField, SelectField, TextField, ToggleField } from '../../components/form/fields';
import { SettingsForm } from '../../components/form/SettingsForm';
import { ProblemNotice } from '../../components/ProblemNotice';
import { isolated } from '../../i18n/format';
import { PageSkeleton } from '../../shell/PageSkeleton';
import { useToast } from '../../shell/toasts';
import { useOrigins } from '../settings/useOrigins';
import { type Fields, useVersioned, VersionedForm } from '../versioned';
import { MailFrame } from './MailFrame';
import { TestMail } from './TestMail';

type Server = components['schemas']['Server'];
type Change = components['schemas']['SmtpChange'];
type Values = Server & { password: string };

const fresh: Values = {
  auth_type: 'login', server_address: '', server_port: 587, domain: '', from_user: 'Faspex', from_email: '', tls_enabled: true,
  packages_recipient_from: 'faspex', username: '', default_time_zone_offset: '0', password: '',
};

/** How mails leave this server, and a test of it (page-80). */
export default function MailPage() {
  const { t } = useTranslation(['settings', 'admin']);
  const origins = useOrigins();
  return (
    <MailFrame title={t('admin:mail.title')} text={t('mail.text')}>
      {origins.error && <ProblemNotice title={t('mail.failed')} error={origins.error} retry={() => void origins.refetch()} />}
      {!origins.data && !origins.error && <PageSkeleton />}
      {origins.data && (origins.data.smtp ? <Known manager={origins.data.smtp_managed ? origins.data.manager : null} /> : <Connect />)}
    </MailFrame>
  );
}

function changeOf({ password, ...server }: Values): Change {
  return { ...server, server_port: Number(server.server_port), ...(password === '' ? {} : { password }) };
}

/** Reads again what a mail server's coming or going changes. */
function useMailChanged() {
  const queries = useQueryClient();
  const origins = useOrigins();
  return async () => {
    queries.removeQueries({ queryKey: ['admin', 'smtp'] });
    await origins.refetch();
  };
}

function Connect() {
  const { t } = useTranslation('settings');
  const { client } = useApi();
  const changed = useMailChanged();
  const save = async (typed: Values) => {
    await client.POST('/api/v5/configuration/smtp', { body: changeOf(typed) });
    await changed();
  };
  return (
    <>
      <p className="section-text">{t('mail.none')}</p>
      <SettingsForm<Values> values={fresh} save={save} saved={t('mail.saved')} submit={t('mail.connect')} forget={['password']} creates>
        <ServerFields />
      </SettingsForm>
    </>
  );
}

function Known({ manager }: { manager: string | null }) {
  const { t } = useTranslation(['settings', 'admin']);
  const { client } = useApi();
  const toast = useToast();
  const changed = useMailChanged();
  const [removing, setRemoving] = useState(false);
  const query = useVersioned<Server>(['smtp'], (signal) => client.GET('/api/v5/configuration/smtp', { signal }));
  const server = query.data?.thing;
  const values = useMemo<Values | null>(() => (server ? { ...server, password: '' } : null), [server]);
  if (!values) return query.error ? <ProblemNotice title={t('mail.failed')} error={query.error} retry={() => void query.refetch()} /> : <PageSkeleton />;
  const fields: Fields<Values> = {
    server_address: { label: t('mail.field.server_address') },
    server_port: { label: t('mail.field.server_port') },
    tls_enabled: { label: t('mail.field.tls_enabled'), show: (on) => t(on ? 'admin:value.on' : 'admin:value.off') },
    auth_type: { label: t('mail.field.auth_type'), show: (type) => t(`mail.auth.${type}`) },
    username: { label: t('mail.field.username') },
    password: { label: t('mail.field.password'), show: () => '' },
    domain: { label: t('mail.field.domain') },
    from_user: { label: t('mail.field.from_user') },
    from_email: { label: t('mail.field.from_email') },
    packages_recipient_from: { label: t('mail.field.packages_recipient_from'), show: (from) => t(`mail.from.${from}`) },
    default_time_zone_offset: { label: t('mail.field.default_time_zone_offset') },
  };
  return (
    <>
      {manager !== null && (
        <InlineNotification kind="info" lowContrast hideCloseButton title={t('mail.managed', { manager: isolated(manager) })} statusIconDescription={t('mail.server')} />
      )}
      <VersionedForm<Server, Values>
        query={query}
        values={values}
        fields={fields}
        store={(typed, etag) => client.PUT('/api/v5/configuration/smtp', { params: { header: { 'If-Match': etag } }, body: changeOf({ ...values, ...typed }) })}
        saved={t('mail.saved')}
        forget={['password']}
      >
        <ServerFields readOnly={manager !== null} />
      </VersionedForm>
      <TestMail />
      {manager === null && (
        <section className="section" aria-labelledby="mail-remove">
          <h2 id="mail-remove">{t('mail.remove.title')}</h2>
          <p className="section-text">{t('mail.remove.text')}</p>
          <Button kind="danger--tertiary" onClick={() => setRemoving(true)}>
            {t('mail.remove.confirm')}
          </Button>
        </section>
      )}
      {removing && (
        <ConfirmDialog
          title={t('mail.remove.ask')}
          confirm={t('mail.remove.confirm')}
          danger
          run={async () => {
            await client.DELETE('/api/v5/configuration/smtp');
            await changed();
            toast({ kind: 'success', title: t('mail.remove.done') });
          }}
          failed={t('mail.remove.failed')}
          close={() => setRemoving(false)}
        >
          <p>{t('mail.remove.text')}</p>
        </ConfirmDialog>
      )}
    </>
  );
}

function ServerFields({ readOnly = false }: { readOnly?: boolean }) {
  const { t } = useTranslation('settings');
  const { auth_type: auth } = useWatch<Values>();
  return (
    <>
      <TextField name="server_address" label={t('mail.field.server_address')} code required readOnly={readOnly} />
      <NumberField name="server_port" label={t('mail.field.server_port')} min={1} max={65535} required readOnly={readOnly} />
      <ToggleField name="tls_enabled" label={t('mail.field.tls_enabled')} help={t('mail.field.tls_enabledHelp')} readOnly={readOnly} />
      <SelectField
        name="auth_type"
        label={t('mail.field.auth_type')}
        choices={(['login', 'open'] as const).map((value) => ({ value, text: t(`mail.auth.${value}`) }))}
        readOnly={readOnly}
      />
      {auth === 'login' && <TextField name="username" label={t('mail.field.username')} code required readOnly={readOnly} />}
      {auth === 'login' && !readOnly && <PasswordField name="password" label={t('mail.field.password')} help={t('mail.field.passwordHelp')} autoComplete="new-password" />}
      <TextField name="domain" label={t('mail.field.domain')} code readOnly={readOnly} />
      <TextField name="from_user" label={t('mail.field.from_user')} readOnly={readOnly} />
      <TextField name="from_email" type="email" label={t('mail.field.from_email')} code required readOnly={readOnly} />
      <SelectField
        name="packages_recipient_from"
        label={t('mail.field.packages_recipient_from')}
        choices={(['faspex', 'sender_via_faspex', 'sender', 'sender_email'] as const).map((value) => ({ value, text: t(`mail.from.${value}`) }))}
        readOnly={readOnly}
      />
      <TextField name="default_time_zone_offset" label={t('mail.field.default_time_zone_offset')} code readOnly={readOnly} />
    </>
  );
}
