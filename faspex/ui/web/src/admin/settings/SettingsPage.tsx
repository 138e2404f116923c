import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { ApiClient } from '../../api/client';
import { useApi } from '../../api/context';
import { PageHeader } from '../../components/PageHeader';
import { ProblemNotice } from '../../components/ProblemNotice';
import { NavLink, useParams } from '../../navigation/router';
import { NotFound } from '../../shell/NotFound';
import { PageSkeleton } from '../../shell/PageSkeleton';
import { type Fields, type Versioned, useVersioned, VersionedForm } from '../versioned';
import { Branding } from './Branding';
import { DefaultInbox } from './DefaultInbox';
import { GatewayTest } from './GatewayTest';
import { type Section, sections, type SettingsDocument } from './sections';
import { SettingField } from './SettingField';
import { useOrigins } from './useOrigins';
import { changeOf, settingsOf, type Values, valuesOf } from './values';
import '../admin.scss';
import '../configuration.scss';

const first = sections[0] as Section;
const pathOf = ({ id }: Section) => (id === first.id ? '/admin/configuration' : `/admin/configuration/${id}`);

/** A part of the configuration: what is in force, who decided it, and the form to change it (page-79). */
export default function SettingsPage() {
  const { section: id = first.id } = useParams();
  const { t } = useTranslation(['settings', 'admin']);
  const section = sections.find((each) => each.id === id);
  if (!section) return <NotFound />;
  return (
    <>
      <PageHeader title={section === first ? t('admin:configuration.title') : t(`title.${section.id}`)} text={t('text')} />
      <nav className="subnav" aria-label={t('parts')}>
        {sections.map((each) => (
          <NavLink key={each.id} exact to={pathOf(each)}>
            {t(`title.${each.id}`)}
          </NavLink>
        ))}
      </nav>
      <Part key={section.id} section={section} />
    </>
  );
}

type Stored = Record<string, unknown>;

async function read(client: ApiClient, document: SettingsDocument, signal: AbortSignal): Promise<{ data?: Stored; response: Response }> {
  if (document === 'configuration') return client.GET('/api/v5/configuration', { signal });
  if (document === 'advanced_configuration') return client.GET('/api/v5/advanced_configuration', { signal });
  return client.GET('/api/v5/rate_limits', { signal });
}

function write(client: ApiClient, document: SettingsDocument, change: Stored, etag: string): Promise<{ response: Response }> {
  const params = { header: { 'If-Match': etag } };
  const body = change as never; // the table of sections says which fields there are, and the server checks each
  if (document === 'configuration') return client.PUT('/api/v5/configuration', { params, body });
  if (document === 'advanced_configuration') return client.PUT('/api/v5/advanced_configuration', { params, body });
  return client.PUT('/api/v5/rate_limits', { params, body });
}

function Part({ section }: { section: Section }) {
  const { t } = useTranslation('settings');
  const { client } = useApi();
  const query = useVersioned<Stored>([section.document], (signal) => read(client, section.document, signal));
  const origins = useOrigins();
  const error = query.error ?? origins.error;
  if (!query.data || !origins.data) {
    return error ? <ProblemNotice title={t('failed')} error={error} retry={() => void Promise.all([query.refetch(), origins.refetch()])} /> : <PageSkeleton />;
  }
  return <Form section={section} query={query} version={query.data} />;
}

function Form({ section, query, version }: { section: Section; query: ReturnType<typeof useVersioned<Stored>>; version: Versioned<Stored> }) {
  const { t } = useTranslation(['settings', 'admin']);
  const { client } = useApi();
  const origins = useOrigins();
  const values = useMemo(() => valuesOf(section, version.thing), [section, version]);
  const fields = Object.fromEntries(
    settingsOf(section).map(({ name, kind }) => [
      name,
      { label: t(`field.${name}`), ...(kind === 'switch' ? { show: (value: unknown) => t(value === true ? 'admin:value.on' : 'admin:value.off') } : {}) },
    ]),
  ) as Fields<Values>;
  return (
    <>
      <VersionedForm<Stored, Values>
        query={query}
        values={values}
        fields={fields}
        store={(changed, etag) => write(client, section.document, changeOf(section, changed), etag)}
        saved={t('saved')}
        after={() => void origins.refetch()}
      >
        {section.groups.map((group) => (
          <fieldset key={group.name} className="settings-group">
            <legend>{t(`group.${group.name}`)}</legend>
            {group.settings.map((setting) => (
              <SettingField key={setting.name} setting={setting} origins={origins.data} />
            ))}
          </fieldset>
        ))}
      </VersionedForm>
      {section.id === 'display' && <Branding />}
      {section === first && <GatewayTest address={version.thing['http_gateway_url']} />}
      {section === first && <DefaultInbox node={version.thing['default_node']} folder={version.thing['default_shared_folder']} />}
    </>
  );
}
