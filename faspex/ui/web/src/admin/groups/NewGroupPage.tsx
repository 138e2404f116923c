import { Button } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from '../../navigation/router';
import { useApi } from '../../api/context';
import { TextAreaField, TextField } from '../../components/form/fields';
import { SettingsForm } from '../../components/form/SettingsForm';
import { PageHeader } from '../../components/PageHeader';
import { forgetGroups, kinds, useKind } from './groups';
import '../admin.scss';

const fresh = { name: '', submitters_instructions: '' };

/** A group needs only a name; who is in it and the rest is set on its page. */
export default function NewGroupPage() {
  const kind = useKind();
  const { t } = useTranslation('groups');
  const { client, queries } = useApi();
  const navigate = useNavigate();
  const { all, address } = kinds[kind];
  const save = async (body: typeof fresh) => {
    const { data } = await client.POST(all, { body });
    forgetGroups(queries, kind);
    navigate(data ? `${address}/${encodeURIComponent(data.id)}` : address);
  };
  return (
    <>
      <PageHeader title={t(`group.${kind}.new`)} text={t('group.new.text')} />
      <SettingsForm
        values={fresh}
        save={save}
        saved={t('group.new.saved')}
        submit={t('action.create')}
        creates
        actions={
          <Button kind="ghost" as={Link} to={address}>
            {t('action.cancel')}
          </Button>
        }
      >
        <TextField name="name" label={t('group.field.name')} required rules={{ maxLength: { value: 255, message: t('tooLong') } }} />
        <TextAreaField name="submitters_instructions" label={t('group.field.submitters_instructions')} help={t('group.field.submitters_instructionsHelp')} rows={3} />
      </SettingsForm>
    </>
  );
}
