import { Button } from '@carbon/react';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useParams } from '../../navigation/router';
import { useApi } from '../../api/context';
import { PageHeader } from '../../components/PageHeader';
import { ProblemNotice } from '../../components/ProblemNotice';
import { PageSkeleton } from '../../shell/PageSkeleton';
import type { StorageLocation } from '../types';
import { type Fields, useVersioned, VersionedForm } from '../versioned';
import { DeleteStorage } from './DeleteStorage';
import { forgetNodes } from './nodes';
import { DefaultInboxTag } from './NodeTags';
import { type StorageValues, storageValues } from './storage';
import { StorageFields } from './StorageFields';
import '../admin.scss';

export default function StorageLocationPage() {
  const { id = '', folder = '' } = useParams();
  const { t } = useTranslation('admin');
  const { client } = useApi();
  const query = useVersioned(['storage', folder], (signal) =>
    client.GET('/api/v5/nodes/{node_id}/shared_folders/{id}', { params: { path: { node_id: id, id: folder } }, signal }),
  );
  const location = query.data?.thing;
  if (!location) {
    return (
      <>
        <PageHeader title={t('storage.one.title')} />
        {query.error ? <ProblemNotice title={t('storage.one.failed')} error={query.error} retry={() => void query.refetch()} /> : <PageSkeleton />}
      </>
    );
  }
  return <Location key={location.id} query={query} location={location} />;
}

function Location({ query, location }: { query: ReturnType<typeof useVersioned<StorageLocation>>; location: StorageLocation }) {
  const { t } = useTranslation('admin');
  const { client, queries } = useApi();
  const navigate = useNavigate();
  const [deleting, setDeleting] = useState(false);
  const values = useMemo(() => storageValues(location), [location]);
  const onOff = (value: boolean) => t(value ? 'value.on' : 'value.off');
  const fields: Fields<StorageValues> = {
    name: { label: t('storage.field.name') },
    directory: { label: t('storage.field.directory') },
    default_inbox: { label: t('storage.field.default_inbox'), show: onOff },
    read_permission: { label: t('storage.field.read_permission'), show: (permission) => t(`storage.read.${permission}`) },
    enable_linking: { label: t('storage.field.enable_linking'), show: onOff },
    override_transfer_parameters: { label: t('storage.field.override_transfer_parameters'), show: onOff },
    kbps_initial_target_upload_rate: { label: t('storage.field.kbps_initial_target_upload_rate') },
    kbps_max_target_upload_rate: { label: t('storage.field.kbps_max_target_upload_rate') },
    kbps_initial_target_download_rate: { label: t('storage.field.kbps_initial_target_download_rate') },
    kbps_max_target_download_rate: { label: t('storage.field.kbps_max_target_download_rate') },
  };
  return (
    <>
      <PageHeader title={location.name} isolated beside={location.default_inbox && <DefaultInboxTag />} />
      <VersionedForm<StorageLocation, StorageValues>
        query={query}
        values={values}
        fields={fields}
        store={(changed, etag) =>
          client.PUT('/api/v5/nodes/{node_id}/shared_folders/{id}', {
            params: { path: { node_id: location.node_id, id: location.id }, header: { 'If-Match': etag } },
            // A folder that is not there would be noticed by the next sender only.
            body: { ...changed, ...('directory' in changed ? { test: true } : {}) },
          })
        }
        saved={t('storage.one.saved')}
        after={() => forgetNodes(queries)}
      >
        <StorageFields node={location.node_id} />
      </VersionedForm>
      <section className="section" aria-labelledby="storage-remove">
        <h2 id="storage-remove">{t('storage.remove.title')}</h2>
        <p className="section-text">{t('storage.remove.text')}</p>
        <Button kind="danger--tertiary" onClick={() => setDeleting(true)}>
          {t('storage.action.delete')}
        </Button>
      </section>
      {deleting && <DeleteStorage location={location} done={() => navigate(`/admin/nodes-storage/${location.node_id}/storage`)} close={() => setDeleting(false)} />}
    </>
  );
}
