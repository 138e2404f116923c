import { Button } from '@carbon/react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/context';
import { SettingsForm } from '../../components/form/SettingsForm';
import { PageHeader } from '../../components/PageHeader';
import { Link, useNavigate } from '../../navigation/router';
import { SecretDialog } from './SecretDialog';
import { WebhookFields } from './WebhookFields';
import { changeOf, forgetWebhooks, newWebhook, type WebhookValues } from './webhooks';
import '../admin.scss';

export default function NewWebhookPage() {
  const { t } = useTranslation(['webhooks', 'admin']);
  const { client, queries } = useApi();
  const navigate = useNavigate();
  const [made, setMade] = useState<{ id: string; secret: string } | null>(null);
  const save = async (values: WebhookValues) => {
    const { data } = await client.POST('/api/v5/webhooks', { body: changeOf(values) });
    forgetWebhooks(queries);
    if (data) setMade({ id: data.id, secret: data.secret ?? '' });
  };
  return (
    <>
      <PageHeader title={t('new.title')} />
      <SettingsForm<WebhookValues>
        values={newWebhook}
        save={save}
        saved={t('new.saved')}
        submit={t('new.submit')}
        creates
        actions={
          <Button kind="ghost" as={Link} to="/admin/webhooks">
            {t('admin:form.back')}
          </Button>
        }
      >
        <WebhookFields />
      </SettingsForm>
      {made && (
        <SecretDialog
          secret={made.secret}
          close={() => {
            setMade(null);
            navigate(`/admin/webhooks/${encodeURIComponent(made.id)}`);
          }}
        />
      )}
    </>
  );
}
