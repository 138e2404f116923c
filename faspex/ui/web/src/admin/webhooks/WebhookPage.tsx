import { Button } from '@carbon/react';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/context';
import { ApiProblem } from '../../api/problem';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { SettingsForm } from '../../components/form/SettingsForm';
import { PageHeader } from '../../components/PageHeader';
import { ProblemNotice } from '../../components/ProblemNotice';
import { isolated } from '../../i18n/format';
import { useNavigate, useParams } from '../../navigation/router';
import { PageSkeleton } from '../../shell/PageSkeleton';
import { useToast } from '../../shell/toasts';
import { Calls } from './Calls';
import { SecretDialog } from './SecretDialog';
import { WebhookFields } from './WebhookFields';
import { changeOf, forgetWebhooks, valuesOf, type Webhook, type WebhookValues } from './webhooks';
import '../admin.scss';

export default function WebhookPage() {
  const { id = '' } = useParams();
  const { t } = useTranslation(['webhooks', 'admin']);
  const { hooks } = useApi();
  const query = hooks.useQuery('get', '/api/v5/webhooks/{id}', { params: { path: { id } } });
  if (!query.data) {
    return (
      <>
        <PageHeader title={t('admin:webhooks.title')} />
        {query.error ? <ProblemNotice title={t('failed')} error={query.error} retry={() => void query.refetch()} /> : <PageSkeleton />}
      </>
    );
  }
  return <One key={id} webhook={query.data} />;
}

function One({ webhook }: { webhook: Webhook }) {
  const { t } = useTranslation('webhooks');
  const { client, queries } = useApi();
  const navigate = useNavigate();
  const toast = useToast();
  const [asking, setAsking] = useState<'secret' | 'delete' | null>(null);
  const [secret, setSecret] = useState<string | null>(null);
  const values = useMemo(() => valuesOf(webhook), [webhook]);
  const path = { id: webhook.id };
  const save = async (changed: WebhookValues) => {
    await client.PUT('/api/v5/webhooks/{id}', { params: { path }, body: changeOf(changed) });
    forgetWebhooks(queries);
  };
  return (
    <>
      <PageHeader title={webhook.name} isolated />
      <Calls webhook={webhook.id} />
      <section className="section" aria-labelledby="webhook-settings">
        <h2 id="webhook-settings">{t('settings')}</h2>
        <SettingsForm<WebhookValues>
          values={values}
          save={save}
          saved={t('saved')}
          actions={
            <>
              <Button kind="tertiary" onClick={() => setAsking('secret')}>
                {t('secret.replace')}
              </Button>
              <Button kind="danger--ghost" onClick={() => setAsking('delete')}>
                {t('remove.action')}
              </Button>
            </>
          }
        >
          <WebhookFields />
        </SettingsForm>
      </section>
      {asking === 'secret' && (
        <ConfirmDialog
          title={t('secret.replaceTitle', { name: isolated(webhook.name) })}
          confirm={t('secret.replace')}
          danger
          run={async () => {
            const { data } = await client.POST('/api/v5/webhooks/{id}/secret', { params: { path } });
            if (!data?.secret) throw new ApiProblem({ code: 'bad_answer' });
            setSecret(data.secret);
          }}
          failed={t('secret.notReplaced')}
          close={() => setAsking(null)}
        >
          <p>{t('secret.replaceText')}</p>
        </ConfirmDialog>
      )}
      {asking === 'delete' && (
        <ConfirmDialog
          title={t('remove.title', { name: isolated(webhook.name) })}
          confirm={t('remove.action')}
          danger
          run={async () => {
            await client.DELETE('/api/v5/webhooks/{id}', { params: { path } });
            void queries.invalidateQueries({ queryKey: ['get', '/api/v5/webhooks'] }); // the list alone: this one is gone
            toast({ kind: 'success', title: t('remove.done') });
            navigate('/admin/webhooks');
          }}
          failed={t('remove.failed')}
          close={() => setAsking(null)}
        >
          <p>{t('remove.text')}</p>
        </ConfirmDialog>
      )}
      {secret !== null && <SecretDialog secret={secret} close={() => setSecret(null)} />}
    </>
  );
}
