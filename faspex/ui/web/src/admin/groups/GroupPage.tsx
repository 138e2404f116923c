import { Button } from '@carbon/react';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate, useParams } from '../../navigation/router';
import { useApi } from '../../api/context';
import { useCan } from '../../auth/capabilities';
import { PageHeader } from '../../components/PageHeader';
import { ProblemNotice } from '../../components/ProblemNotice';
import { useFormat } from '../../i18n/format';
import { PageSkeleton } from '../../shell/PageSkeleton';
import { type Fields, useVersioned, VersionedForm } from '../versioned';
import { DeleteGroup } from './DeleteGroup';
import { GroupFields } from './GroupFields';
import { forgetGroups, type Group, groupChange, type GroupValues, groupValues, type Kind, kinds, useKind } from './groups';
import { Members } from './Members';
import '../admin.scss';

/** One workgroup or shared inbox: who is in it, and its rules. */
export default function GroupPage() {
  const params = useParams();
  const id = params['group'] ?? params['id'] ?? '';
  const kind = useKind();
  const { t } = useTranslation('groups');
  const { client } = useApi();
  const query = useVersioned<Group>([kind, id], async (signal) => {
    const { data, response } = await client.GET(kinds[kind].one, { params: { path: { id } }, signal });
    return { ...(data ? { data: data as Group } : {}), response };
  });
  if (!query.data) {
    return (
      <>
        <PageHeader title={t(`group.${kind}.one`)} />
        {query.error ? <ProblemNotice title={t('group.failed')} error={query.error} retry={() => void query.refetch()} /> : <PageSkeleton />}
      </>
    );
  }
  return <OneGroup key={`${kind}/${id}`} kind={kind} query={query} group={query.data.thing} />;
}

function OneGroup({ kind, query, group }: { kind: Kind; query: ReturnType<typeof useVersioned<Group>>; group: Group }) {
  const { t } = useTranslation('groups');
  const { client, queries } = useApi();
  const format = useFormat();
  const can = useCan();
  const navigate = useNavigate();
  const [deleting, setDeleting] = useState(false);
  const values = useMemo(() => groupValues(group), [group]);
  const fields = useFieldTexts();
  const packages = `/packages/${kind}/${encodeURIComponent(group.id)}`;
  return (
    <>
      <PageHeader
        title={group.name}
        isolated
        text={t(`group.${kind}.one`)}
        actions={
          group.user_can_read_packages && (
            <Button kind="tertiary" as={Link} to={packages}>
              {t('group.action.packages')}
            </Button>
          )
        }
      />
      {!group.user_can_manage ? (
        <p className="section-text">{t('group.notManaged')}</p>
      ) : (
        <>
          <dl className="admin-facts">
            <div>
              <dt>{t('group.column.members')}</dt>
              <dd>{format.count(group.active_members_count)}</dd>
            </div>
            <div>
              <dt>{t('group.column.packages')}</dt>
              <dd>{format.count(group.released_packages_count)}</dd>
            </div>
            <div>
              <dt>{t('group.column.latest')}</dt>
              <dd>{format.date(group.latest_package_time)}</dd>
            </div>
          </dl>
          <Members kind={kind} group={group} changed={() => void query.refetch()} />
          <section className="section" aria-labelledby="group-settings">
            <h2 id="group-settings">{t('group.settings')}</h2>
            <VersionedForm<Group, GroupValues>
              query={query}
              values={values}
              fields={fields}
              store={(changed, etag) => client.PUT(kinds[kind].one, { params: { path: { id: group.id }, header: { 'If-Match': etag } }, body: groupChange(changed) })}
              saved={t('group.saved')}
              after={() => forgetGroups(queries, kind)}
            >
              <GroupFields kind={kind} />
            </VersionedForm>
          </section>
          {can('admin.configuration.write') && (
            <section className="section" aria-labelledby="group-remove">
              <h2 id="group-remove">{t(`group.${kind}.remove`)}</h2>
              <p className="section-text">{t('group.removeText')}</p>
              <Button kind="danger--tertiary" onClick={() => setDeleting(true)}>
                {t('group.action.delete')}
              </Button>
            </section>
          )}
        </>
      )}
      {deleting && <DeleteGroup kind={kind} group={group} done={() => navigate(kinds[kind].address)} close={() => setDeleting(false)} />}
    </>
  );
}

/** What the fields are called where somebody else's changes are told. */
function useFieldTexts(): Fields<GroupValues> {
  const { t } = useTranslation('groups');
  const onOff = (value: boolean) => t(value ? 'value.on' : 'value.off');
  return {
    name: { label: t('group.field.name') },
    submitters_instructions: { label: t('group.field.submitters_instructions') },
    workgroup_type: { label: t('group.field.workgroup_type'), show: (value) => (value ? t(`group.workgroup_type.${value}`) : '') },
    member_access: { label: t('group.field.member_access'), show: (value) => (value ? t(`group.member_access.${value}`) : '') },
    admin_can_manage_existing_users: { label: t('group.field.admin_can_manage_existing_users'), show: onOff },
    admin_can_manage_users: { label: t('group.field.admin_can_manage_users'), show: onOff },
    metadata_profile_id: { label: t('group.field.metadata_profile_id') },
    save_metadata_to_file: { label: t('group.field.save_metadata_to_file'), show: onOff },
    destination: { label: t('group.field.destination') },
    custom_package_expiration_policy: { label: t('group.field.custom_package_expiration_policy'), show: onOff },
    delete_package_after_download_policy: {
      label: t('group.field.delete_package_after_download_policy'),
      show: (value) => (value ? t(`group.afterDownload.${value}`) : ''),
    },
    set_package_expiration: { label: t('group.field.set_package_expiration'), show: onOff },
    package_expiration_days: { label: t('group.field.package_expiration_days') },
    require_encryption_at_rest: { label: t('group.field.require_encryption_at_rest'), show: (value) => t(`group.encryption.${value}`) },
  };
}
