import { Button } from '@carbon/react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useApi } from '../api/context';
import { SelectField, TextAreaField, TextField, ToggleField } from '../components/form/fields';
import { SettingsForm } from '../components/form/SettingsForm';
import { PageHeader } from '../components/PageHeader';
import { Link, useNavigate } from '../navigation/router';
import { address, endOfDay, type Expiration, forgetInvitations } from './invitations';

const expirations: readonly Expiration[] = ['never', 'after_one_upload', 'on_date', 'after_one_upload_or_date'];

interface Values {
  email_address: string;
  description: string;
  /** Empty: as the server says. */
  expiration: Expiration | '';
  expires_at: string;
  prevent_http_upload: boolean;
}

const fresh: Values = { email_address: '', description: '', expiration: '', expires_at: '', prevent_http_upload: false };

export default function NewInvitationPage() {
  const { t } = useTranslation('invitations');
  const { client, queries } = useApi();
  const navigate = useNavigate();
  const [ends, setEnds] = useState('');
  const dated = ends === 'on_date' || ends === 'after_one_upload_or_date';
  const save = async ({ expiration, expires_at, ...rest }: Values) => {
    await client.POST('/api/v5/invitations', {
      body: { ...rest, ...(expiration ? { expiration } : {}), ...(dated && expires_at ? { expires_at: endOfDay(expires_at) } : {}) },
    });
    forgetInvitations(queries);
    navigate(address);
  };
  return (
    <>
      <PageHeader title={t('new.title')} text={t('new.text')} />
      <SettingsForm
        values={fresh}
        save={save}
        saved={t('new.saved')}
        submit={t('new.send')}
        creates
        actions={
          <Button kind="ghost" as={Link} to={address}>
            {t('new.cancel')}
          </Button>
        }
      >
        <TextField name="email_address" type="email" label={t('field.email_address')} code required />
        <TextAreaField name="description" label={t('field.description')} help={t('field.descriptionHelp')} rows={3} />
        <SelectField
          name="expiration"
          label={t('field.expiration')}
          choices={[{ value: '', text: t('expiration.server') }, ...expirations.map((value) => ({ value, text: t(`expiration.${value}`) }))]}
          onChoice={setEnds}
        />
        {dated && <TextField name="expires_at" type="date" label={t('field.expires_at')} required />}
        <ToggleField name="prevent_http_upload" label={t('field.prevent_http_upload')} help={t('field.preventHelp')} />
      </SettingsForm>
    </>
  );
}
