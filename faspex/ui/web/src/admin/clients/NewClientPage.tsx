import { Button } from '@carbon/react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from '../../navigation/router';
import { useApi } from '../../api/context';
import { SelectField } from '../../components/form/fields';
import { SettingsForm } from '../../components/form/SettingsForm';
import { PageHeader } from '../../components/PageHeader';
import { ClientFields } from './ClientFields';
import { clientChange, type ClientValues, forgetClients, newClient } from './clients';
import { SecretDialog } from './SecretDialog';
import '../admin.scss';

interface NewClientValues extends ClientValues {
  client_type: 'public' | 'confidential';
}

const empty: NewClientValues = { ...newClient, client_type: 'confidential' };

export default function NewClientPage() {
  const { t } = useTranslation('admin');
  const { client, queries } = useApi();
  const navigate = useNavigate();
  const [made, setMade] = useState<{ id: string; secret: string } | null>(null);
  const save = async ({ client_type, ...values }: NewClientValues) => {
    const { data } = await client.POST('/auth/oauth_clients', { body: { ...clientChange(values), client_type } });
    forgetClients(queries);
    if (data?.client_secret) setMade({ id: data.client_id, secret: data.client_secret });
    else navigate(data ? `/admin/api-clients/${encodeURIComponent(data.client_id)}` : '/admin/api-clients');
  };
  return (
    <>
      <PageHeader title={t('clients.new.title')} text={t('clients.new.text')} />
      <SettingsForm<NewClientValues>
        values={empty}
        save={save}
        saved={t('clients.new.saved')}
        submit={t('clients.new.submit')}
        creates
        actions={
          <Button kind="ghost" as={Link} to="/admin/api-clients">
            {t('form.back')}
          </Button>
        }
      >
        <SelectField
          name="client_type"
          label={t('clients.field.client_type')}
          help={t('clients.field.client_typeHelp')}
          choices={[
            { value: 'confidential', text: t('clients.type.confidential') },
            { value: 'public', text: t('clients.type.public') },
          ]}
        />
        <ClientFields />
      </SettingsForm>
      {made && (
        <SecretDialog
          {...made}
          close={() => {
            setMade(null);
            navigate(`/admin/api-clients/${encodeURIComponent(made.id)}`);
          }}
        />
      )}
    </>
  );
}
