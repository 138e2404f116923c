import { Button } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from '../navigation/router';
import { useApi } from '../api/context';
import { TextField } from '../components/form/fields';
import { SettingsForm } from '../components/form/SettingsForm';
import { PageHeader } from '../components/PageHeader';
import { addresses, forgetLists, useScope } from './lists';

const fresh = { name: '' };

export default function NewListPage() {
  const scope = useScope();
  const { t } = useTranslation('groups');
  const { client, queries } = useApi();
  const navigate = useNavigate();
  const address = addresses[scope];
  const save = async ({ name }: typeof fresh) => {
    const { data } = await client.POST('/api/v5/account/distribution_lists', { body: { name, type: scope, contacts: [] } });
    forgetLists(queries);
    navigate(data ? `${address}/${encodeURIComponent(data.id)}` : address);
  };
  return (
    <>
      <PageHeader title={t('list.new.title')} text={t('list.new.text')} />
      <SettingsForm
        values={fresh}
        save={save}
        saved={t('list.new.saved')}
        submit={t('action.create')}
        creates
        actions={
          <Button kind="ghost" as={Link} to={address}>
            {t('action.cancel')}
          </Button>
        }
      >
        <TextField name="name" label={t('list.field.name')} required rules={{ maxLength: { value: 255, message: t('tooLong') } }} />
      </SettingsForm>
    </>
  );
}
