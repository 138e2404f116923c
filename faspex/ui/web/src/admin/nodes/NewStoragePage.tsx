import { Button } from '@carbon/react';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate, useParams } from '../../navigation/router';
import { useApi } from '../../api/context';
import { SettingsForm } from '../../components/form/SettingsForm';
import { PageHeader } from '../../components/PageHeader';
import { forgetNodes } from './nodes';
import { newStorage, type StorageValues } from './storage';
import { StorageFields } from './StorageFields';
import '../admin.scss';

export default function NewStoragePage() {
  const { id = '' } = useParams();
  const { t } = useTranslation('admin');
  const { client, hooks, queries } = useApi();
  const navigate = useNavigate();
  const back = `/admin/nodes-storage/${id}/storage`;
  // Without a default inbox nobody can send anything, so the first storage location is offered as one.
  const configuration = hooks.useQuery('get', '/api/v5/configuration');
  const first = configuration.data !== undefined && configuration.data.default_shared_folder === null;
  const values = useMemo(() => ({ ...newStorage, default_inbox: first }), [first]);
  const save = async (typed: StorageValues) => {
    await client.POST('/api/v5/nodes/{node_id}/shared_folders', { params: { path: { node_id: id } }, body: { ...typed, test: true } });
    forgetNodes(queries);
    navigate(back);
  };
  return (
    <>
      <PageHeader title={t('storage.new.title')} text={t('storage.new.text')} />
      <SettingsForm<StorageValues>
        values={values}
        save={save}
        saved={t('storage.new.saved')}
        submit={t('storage.new.submit')}
        creates
        actions={
          <Button kind="ghost" as={Link} to={back}>
            {t('form.back')}
          </Button>
        }
      >
        <StorageFields node={id} />
      </SettingsForm>
    </>
  );
}
