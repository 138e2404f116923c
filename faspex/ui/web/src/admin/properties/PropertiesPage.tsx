import { Button } from '@carbon/react';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/context';
import type { components } from '../../api/schema';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { TextField, ToggleField } from '../../components/form/fields';
import { SettingsForm } from '../../components/form/SettingsForm';
import { PageHeader } from '../../components/PageHeader';
import { ProblemNotice } from '../../components/ProblemNotice';
import { isolated } from '../../i18n/format';
import { PageSkeleton } from '../../shell/PageSkeleton';
import { useToast } from '../../shell/toasts';
import '../admin.scss';
import '../configuration.scss';

type Property = components['schemas']['ProfileField'];
type Values = Pick<Property, 'name' | 'required' | 'enabled' | 'saml_field_name'>;

const most = 5;
const fresh: Values = { name: '', required: false, enabled: true, saml_field_name: '' };

/** The properties that accounts have beside the usual ones. */
export default function PropertiesPage() {
  const { t } = useTranslation(['settings', 'admin']);
  const { hooks, client } = useApi();
  const query = hooks.useQuery('get', '/api/v5/user_profile_fields');
  const [changing, setChanging] = useState<string | null>(null);
  const properties = query.data?.profile_fields;
  const add = async (body: Values) => {
    await client.POST('/api/v5/user_profile_fields', { body });
    await query.refetch();
  };
  const changed = async () => {
    await query.refetch();
    setChanging(null);
  };
  const one = properties?.find(({ id }) => id === changing);
  return (
    <>
      <PageHeader title={t('admin:properties.title')} text={t('property.text')} />
      {query.error && <ProblemNotice title={t('property.failed')} error={query.error} retry={() => void query.refetch()} />}
      {!properties && !query.error && <PageSkeleton />}
      {properties?.length === 0 && <p className="section-text">{t('property.none')}</p>}
      {properties && properties.length > 0 && (
        <ul className="folders">
          {properties.map((property) => (
            <li key={property.id}>
              <button type="button" onClick={() => setChanging(property.id)}>
                <bdi>{property.name}</bdi>
                {property.required && <span>{t('property.required')}</span>}
              </button>
            </li>
          ))}
        </ul>
      )}
      {one && <Change key={one.id} property={one} changed={changed} />}
      {properties && !one && (properties.length < most ? <Add add={add} /> : <p className="section-text">{t('property.full')}</p>)}
    </>
  );
}

function Add({ add }: { add: (values: Values) => Promise<void> }) {
  const { t } = useTranslation('settings');
  return (
    <section className="section" aria-labelledby="property-add">
      <h2 id="property-add">{t('property.add')}</h2>
      <SettingsForm<Values> values={fresh} save={add} saved={t('property.added')} submit={t('property.add')} after="reset" creates>
        <PropertyFields />
      </SettingsForm>
    </section>
  );
}

function Change({ property, changed }: { property: Property; changed: () => Promise<void> }) {
  const { t } = useTranslation('settings');
  const { client } = useApi();
  const toast = useToast();
  const [removing, setRemoving] = useState(false);
  const path = { id: property.id };
  const values = useMemo<Values>(
    () => ({ name: property.name, required: property.required, enabled: property.enabled, saml_field_name: property.saml_field_name }),
    [property],
  );
  const save = async (body: Values) => {
    await client.PUT('/api/v5/user_profile_fields/{id}', { params: { path }, body });
    await changed();
  };
  return (
    <section className="section" aria-labelledby="property-change">
      <h2 id="property-change">{t('property.change', { name: isolated(property.name) })}</h2>
      <SettingsForm<Values>
        values={values}
        save={save}
        saved={t('property.saved')}
        actions={
          <Button kind="danger--ghost" onClick={() => setRemoving(true)}>
            {t('property.remove.action')}
          </Button>
        }
      >
        <PropertyFields />
      </SettingsForm>
      {removing && (
        <ConfirmDialog
          title={t('property.remove.title', { name: isolated(property.name) })}
          confirm={t('property.remove.action')}
          danger
          run={async () => {
            await client.DELETE('/api/v5/user_profile_fields/{id}', { params: { path } });
            toast({ kind: 'success', title: t('property.remove.done') });
            await changed();
          }}
          failed={t('property.remove.failed')}
          close={() => setRemoving(false)}
        >
          <p>{t('property.remove.text')}</p>
        </ConfirmDialog>
      )}
    </section>
  );
}

function PropertyFields() {
  const { t } = useTranslation('settings');
  return (
    <>
      <TextField name="name" label={t('property.name')} required />
      <ToggleField name="required" label={t('property.required')} />
      <ToggleField name="enabled" label={t('property.enabled')} />
      <TextField name="saml_field_name" label={t('property.saml')} code />
    </>
  );
}
