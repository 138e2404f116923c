import { StructuredListBody, StructuredListCell, StructuredListHead, StructuredListRow, StructuredListWrapper } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import { Link } from '../navigation/router';
import { useApi } from '../api/context';
import { PageHeader } from '../components/PageHeader';
import { ProblemNotice } from '../components/ProblemNotice';
import { nothing, useFormat } from '../i18n/format';
import { PageSkeleton } from '../shell/PageSkeleton';
import type { Configuration } from './types';
import './admin.scss';
import './configuration.scss';

// Who decides about a setting: the object that the operator works from, an administrator here, or this version of the product.
type Source = 'kubernetes' | 'admin' | 'version';

const groups: { name: 'server' | 'login' | 'packages' | 'people'; settings: [keyof Configuration & Setting, Source][] }[] = [
  { name: 'server', settings: [['server_address', 'kubernetes'], ['default_shared_folder', 'admin'], ['login_label', 'version']] },
  { name: 'login', settings: [['use_strong_password', 'version'], ['user_deactivation_login_count', 'version'], ['session_timeout_minutes', 'version'], ['global_default_password_expires', 'version']] },
  {
    name: 'packages',
    settings: [['packages_expire', 'version'], ['days_before_deleting_package_records', 'version'], ['delete_packages_after_download', 'version'], ['require_encryption_at_rest', 'version']],
  },
  { name: 'people', settings: [['users_can_send_to_all_faspex_users', 'version'], ['allow_send_to_email', 'version'], ['self_registration_type', 'version'], ['invitations_allowed', 'version']] },
];

type Setting =
  | 'server_address'
  | 'default_shared_folder'
  | 'login_label'
  | 'use_strong_password'
  | 'user_deactivation_login_count'
  | 'session_timeout_minutes'
  | 'global_default_password_expires'
  | 'packages_expire'
  | 'days_before_deleting_package_records'
  | 'delete_packages_after_download'
  | 'require_encryption_at_rest'
  | 'users_can_send_to_all_faspex_users'
  | 'allow_send_to_email'
  | 'self_registration_type'
  | 'invitations_allowed';

/** The settings that are in force, and who decides about each. */
export default function ConfigurationPage() {
  const { t } = useTranslation('admin');
  const { hooks } = useApi();
  const query = hooks.useQuery('get', '/api/v5/configuration');
  return (
    <>
      <PageHeader title={t('configuration.title')} text={t('configuration.text')} />
      {query.error && <ProblemNotice title={t('configuration.failed')} error={query.error} retry={() => void query.refetch()} />}
      {!query.data && !query.error && <PageSkeleton />}
      {query.data && groups.map((group) => <Group key={group.name} group={group} values={query.data} />)}
    </>
  );
}

function Group({ group, values }: { group: (typeof groups)[number]; values: Configuration }) {
  const { t } = useTranslation('admin');
  const id = `configuration-${group.name}`;
  return (
    <section className="section" aria-labelledby={id}>
      <h2 id={id}>{t(`configuration.group.${group.name}`)}</h2>
      <StructuredListWrapper aria-labelledby={id} isCondensed>
        <StructuredListHead>
          <StructuredListRow head>
            <StructuredListCell head>{t('configuration.column.setting')}</StructuredListCell>
            <StructuredListCell head>{t('configuration.column.value')}</StructuredListCell>
            <StructuredListCell head>{t('configuration.column.source')}</StructuredListCell>
          </StructuredListRow>
        </StructuredListHead>
        <StructuredListBody>
          {group.settings.map(([setting, source]) => (
            <StructuredListRow key={setting}>
              <StructuredListCell>{t(`configuration.setting.${setting}`)}</StructuredListCell>
              <StructuredListCell>
                <Value setting={setting} values={values} />
              </StructuredListCell>
              <StructuredListCell>{t(`configuration.source.${source}`)}</StructuredListCell>
            </StructuredListRow>
          ))}
        </StructuredListBody>
      </StructuredListWrapper>
    </section>
  );
}

function Value({ setting, values }: { setting: Setting; values: Configuration }) {
  const { t } = useTranslation('admin');
  const format = useFormat();
  const value = values[setting];
  if (setting === 'default_shared_folder') {
    if (!values.default_node || !values.default_shared_folder) return t('configuration.noInbox');
    return (
      <Link className="cds--link" to={`/admin/nodes-storage/${values.default_node}/storage/${values.default_shared_folder}/profile`}>
        {t('configuration.openInbox')}
      </Link>
    );
  }
  if (typeof value === 'boolean') return t(value ? 'value.on' : 'value.off');
  if (typeof value === 'number') return format.count(value);
  if (value === 'none' || value === 'false') return t('value.off');
  return <bdi>{value || nothing}</bdi>;
}
