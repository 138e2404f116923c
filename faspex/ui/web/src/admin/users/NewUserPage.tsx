import { Button } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from '../../navigation/router';
import { useApi } from '../../api/context';
import { SettingsForm } from '../../components/form/SettingsForm';
import { TextField } from '../../components/form/fields';
import { PageHeader } from '../../components/PageHeader';
import { newUser, PermissionFields, PersonFields, type UserValues } from './UserFields';
import { forgetUsers } from './users';

interface NewUserValues extends UserValues {
  name: string;
}

const empty: NewUserValues = { ...newUser, name: '' };

export default function NewUserPage() {
  const { t } = useTranslation('admin');
  const { client, queries } = useApi();
  const navigate = useNavigate();
  const save = async ({ name, account_activated: _active, ...values }: NewUserValues) => {
    // People log in by their e-mail address when no other name is wanted.
    const { data } = await client.POST('/api/v5/accounts', { body: { ...values, name: name || values.email } });
    forgetUsers(queries);
    navigate(data ? `/admin/users/${data.id}` : '/admin/users');
  };
  return (
    <>
      <PageHeader title={t('users.new.title')} text={t('users.new.text')} />
      <SettingsForm<NewUserValues>
        values={empty}
        save={save}
        saved={t('users.new.saved')}
        submit={t('users.new.submit')}
        creates
        actions={
          <Button kind="ghost" as={Link} to="/admin/users">
            {t('form.back')}
          </Button>
        }
      >
        <PersonFields />
        <TextField name="name" label={t('users.field.name')} help={t('users.field.nameHelp')} code rules={{ maxLength: { value: 255, message: t('form.tooLong') } }} />
        <PermissionFields role="user" activation={false} />
      </SettingsForm>
    </>
  );
}
