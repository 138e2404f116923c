import { ListBulleted } from '@carbon/icons-react';
import { Button } from '@carbon/react';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useParams } from '../navigation/router';
import { useApi } from '../api/context';
import { type Column, DataList } from '../components/DataList';
import { EmptyState } from '../components/EmptyState';
import { TextField } from '../components/form/fields';
import { SettingsForm } from '../components/form/SettingsForm';
import { useListState } from '../components/listState';
import { PageHeader } from '../components/PageHeader';
import { ProblemNotice, useProblemText } from '../components/ProblemNotice';
import { isolated, nothing } from '../i18n/format';
import { usePreferences } from '../shell/account';
import { PageSkeleton } from '../shell/PageSkeleton';
import { useToast } from '../shell/toasts';
import { AddContacts } from './AddContacts';
import { DeleteList } from './DeleteList';
import { addresses, type DistributionList, forgetLists, type ListContact, useScope } from './lists';

/** One distribution list: who is on it. */
export default function ListPage() {
  const { id = '' } = useParams();
  const { t } = useTranslation('groups');
  const { hooks } = useApi();
  const query = hooks.useQuery('get', '/api/v5/account/distribution_lists/{id}', { params: { path: { id } } });
  if (!query.data) {
    return (
      <>
        <PageHeader title={t('list.one')} />
        {query.error ? <ProblemNotice title={t('list.failed')} error={query.error} retry={() => void query.refetch()} /> : <PageSkeleton />}
      </>
    );
  }
  return <OneList key={id} list={query.data} again={() => query.refetch()} />;
}

function OneList({ list, again }: { list: DistributionList; again: () => Promise<unknown> }) {
  const { t } = useTranslation('groups');
  const { client, queries } = useApi();
  const navigate = useNavigate();
  const scope = useScope();
  const [deleting, setDeleting] = useState(false);
  const values = useMemo(() => ({ name: list.name }), [list.name]);
  const changed = async () => {
    forgetLists(queries);
    await again();
  };
  const rename = async (body: { name: string }) => {
    await client.PUT('/api/v5/account/distribution_lists/{id}', { params: { path: { id: list.id } }, body });
    await changed();
  };
  return (
    <>
      <PageHeader title={list.name} isolated text={t('list.one')} />
      <SettingsForm values={values} save={rename} saved={t('list.saved')}>
        <TextField name="name" label={t('list.field.name')} required rules={{ maxLength: { value: 255, message: t('tooLong') } }} />
      </SettingsForm>
      <div className="section">
        <h2>{t('list.column.people')}</h2>
        <AddContacts list={list} changed={changed} />
        <Contacts list={list} changed={changed} />
      </div>
      <section className="section" aria-labelledby="list-remove">
        <h2 id="list-remove">{t('list.delete.heading')}</h2>
        <p className="section-text">{t('list.delete.text')}</p>
        <Button kind="danger--tertiary" onClick={() => setDeleting(true)}>
          {t('list.delete.action')}
        </Button>
      </section>
      {deleting && <DeleteList list={list} done={() => navigate(addresses[scope])} close={() => setDeleting(false)} />}
    </>
  );
}

/** The people come with the list, as a whole: pages and search are this side's. */
function Contacts({ list, changed }: { list: DistributionList; changed: () => Promise<void> }) {
  const { t } = useTranslation('groups');
  const { client } = useApi();
  const toast = useToast();
  const textOf = useProblemText();
  const { rows_per_page: size } = usePreferences();
  const control = useListState({ size, sort: '' });
  const wanted = control.q.trim().toLowerCase();
  const found = list.contacts.filter(({ name, first_name: label }) => `${name} ${label}`.toLowerCase().includes(wanted));
  const from = (control.page - 1) * control.size;
  const takeOff = async (ids: string[], named: string) => {
    try {
      await client.DELETE('/api/v5/account/distribution_lists/{id}/contacts', { params: { path: { id: list.id }, query: { ids: ids.join(',') } } });
      toast({ kind: 'success', title: t('list.contact.removed', { name: named }) });
    } catch (error) {
      toast({ kind: 'error', title: t('list.contact.notRemoved'), text: textOf(error) });
    }
    await changed();
  };
  const columns: Column<ListContact>[] = [
    { key: 'name', header: t('list.contact.name'), cell: (contact) => <bdi>{contact.name}</bdi> },
    { key: 'label', header: t('list.contact.label'), from: 'md', cell: (contact) => <bdi>{contact.first_name || nothing}</bdi> },
  ];
  return (
    <DataList<ListContact>
      label={t('list.column.people')}
      control={control}
      rows={found.slice(from, from + control.size)}
      total={found.length}
      error={null}
      retry={() => void changed()}
      columns={columns}
      rowKey={(contact) => contact.id}
      rowName={(contact) => contact.name}
      rowActions={(contact) => [{ label: t('list.contact.remove'), danger: true, run: () => void takeOff([contact.id], isolated(contact.name)) }]}
      bulkActions={(contacts, done) => [
        {
          label: t('list.contact.remove'),
          run: () =>
            void takeOff(
              contacts.map(({ id }) => id),
              contacts.map(({ name }) => isolated(name)).join(', '),
            ).then(done),
        },
      ]}
      search={t('list.contact.search')}
      empty={<EmptyState icon={ListBulleted} title={t('list.contact.empty')} text={t('list.contact.emptyText')} />}
    />
  );
}
