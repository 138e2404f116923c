import { Button, CodeSnippet } from '@carbon/react';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useParams } from '../../navigation/router';
import { useApi } from '../../api/context';
import { ApiProblem } from '../../api/problem';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { PageHeader } from '../../components/PageHeader';
import { ProblemNotice } from '../../components/ProblemNotice';
import { PageSkeleton } from '../../shell/PageSkeleton';
import type { OAuthClient } from '../types';
import { type Fields, useVersioned, VersionedForm } from '../versioned';
import { ClientFields } from './ClientFields';
import { clientChange, type ClientValues, clientValues, forgetClients } from './clients';
import { DeleteClient } from './DeleteClient';
import { SecretDialog } from './SecretDialog';
import '../admin.scss';

export default function ClientPage() {
  const { id = '' } = useParams();
  const { t } = useTranslation('admin');
  const { client } = useApi();
  const query = useVersioned(['client', id], (signal) => client.GET('/auth/oauth_clients/{id}', { params: { path: { id } }, signal }));
  if (!query.data) {
    return (
      <>
        <PageHeader title={t('clients.one.title')} />
        {query.error ? <ProblemNotice title={t('clients.one.failed')} error={query.error} retry={() => void query.refetch()} /> : <PageSkeleton />}
      </>
    );
  }
  return <Program key={id} query={query} of={query.data.thing} />;
}

function Program({ query, of }: { query: ReturnType<typeof useVersioned<OAuthClient>>; of: OAuthClient }) {
  const { t } = useTranslation('admin');
  const { client, queries } = useApi();
  const navigate = useNavigate();
  const [asking, setAsking] = useState<'secret' | 'delete' | null>(null);
  const [secret, setSecret] = useState<string | null>(null);
  const values = useMemo(() => clientValues(of), [of]);
  const onOff = (value: boolean) => t(value ? 'value.on' : 'value.off');
  const fields: Fields<ClientValues> = {
    name: { label: t('clients.field.name') },
    description: { label: t('clients.field.description') },
    contact_email: { label: t('clients.field.contact_email') },
    redirect_uris: { label: t('clients.field.redirect_uris') },
    allow_implicit_grant: { label: t('clients.field.allow_implicit_grant'), show: onOff },
    allow_jwt_grant: { label: t('clients.field.allow_jwt_grant'), show: onOff },
    allow_global_key: { label: t('clients.field.allow_global_key'), show: onOff },
    public_key: { label: t('clients.field.public_key') },
    allow_refresh_token: { label: t('clients.field.allow_refresh_token'), show: onOff },
    access_token_expiration_hours: { label: t('clients.field.access_token_expiration_hours') },
    refresh_token_expiration_hours: { label: t('clients.field.refresh_token_expiration_hours') },
    access_grant_all_users: { label: t('clients.field.access_grant_all_users'), show: onOff },
    access_grant_to_users: { label: t('clients.field.access_grant_to_users') },
  };
  const path = { id: of.client_id };
  const replaceSecret = async () => {
    const { data } = await client.POST('/auth/oauth_clients/{id}/secret', { params: { path } });
    if (!data?.client_secret) throw new ApiProblem({ code: 'bad_answer' });
    setSecret(data.client_secret);
  };
  return (
    <>
      <PageHeader title={of.name} isolated />
      <dl className="admin-facts">
        <div>
          <dt>{t('clients.field.client_id')}</dt>
          <dd>
            <CodeSnippet type="single" feedback={t('clients.secret.copied')} copyButtonDescription={t('clients.secret.copyId')} aria-label={t('clients.field.client_id')}>
              {of.client_id}
            </CodeSnippet>
          </dd>
        </div>
        <div>
          <dt>{t('clients.field.client_type')}</dt>
          <dd>{t(`clients.type.${of.client_type}`)}</dd>
        </div>
      </dl>
      <section className="section" aria-labelledby="client-settings">
        <h2 id="client-settings">{t('clients.one.settings')}</h2>
        <VersionedForm<OAuthClient, ClientValues>
          query={query}
          values={values}
          fields={fields}
          store={(changed, etag) =>
            client.PUT('/auth/oauth_clients/{id}', { params: { path, header: { 'If-Match': etag } }, body: clientChange(changed) })
          }
          saved={t('clients.one.saved')}
          after={() => forgetClients(queries)}
        >
          <ClientFields />
        </VersionedForm>
      </section>
      {of.client_type === 'confidential' && (
        <section className="section" aria-labelledby="client-secret">
          <h2 id="client-secret">{t('clients.field.client_secret')}</h2>
          <p className="section-text">{t('clients.secret.kept')}</p>
          <Button kind="tertiary" onClick={() => setAsking('secret')}>
            {t('clients.action.replaceSecret')}
          </Button>
        </section>
      )}
      <section className="section" aria-labelledby="client-remove">
        <h2 id="client-remove">{t('clients.remove.title')}</h2>
        <p className="section-text">{t('clients.remove.text')}</p>
        <Button kind="danger--tertiary" onClick={() => setAsking('delete')}>
          {t('clients.action.delete')}
        </Button>
      </section>
      {asking === 'secret' && (
        <ConfirmDialog
          title={t('clients.secret.replace.title', { name: of.name })}
          confirm={t('clients.action.replaceSecret')}
          danger
          run={replaceSecret}
          failed={t('clients.secret.replace.failed')}
          close={() => setAsking(null)}
        >
          <p>{t('clients.secret.replace.text')}</p>
        </ConfirmDialog>
      )}
      {asking === 'delete' && <DeleteClient of={of} done={() => navigate('/admin/api-clients')} close={() => setAsking(null)} />}
      {secret !== null && <SecretDialog id={of.client_id} secret={secret} close={() => setSecret(null)} />}
    </>
  );
}
