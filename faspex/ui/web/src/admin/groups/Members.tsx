import { UserMultiple } from '@carbon/icons-react';
import { Select, SelectItem, Tag } from '@carbon/react';
import { keepPreviousData } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/context';
import { useCan } from '../../auth/capabilities';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { type Column, DataList } from '../../components/DataList';
import { EmptyState } from '../../components/EmptyState';
import { useListState } from '../../components/listState';
import { useProblemText } from '../../components/ProblemNotice';
import { isolated, personName, useFormat } from '../../i18n/format';
import { PersonName } from '../../packages/People';
import { usePreferences } from '../../shell/account';
import { useToast } from '../../shell/toasts';
import { AddMembers } from './AddMembers';
import { type Access, type Group, type Kind, kinds, type Member } from './groups';

interface MembersProps {
  kind: Kind;
  group: Group;
  /** Told after somebody came or went. */
  changed: () => void;
}

/** Who is in a group, and what each may do there (page-82). */
export function Members({ kind, group, changed }: MembersProps) {
  const { t } = useTranslation('groups');
  const { hooks, client } = useApi();
  const format = useFormat();
  const can = useCan();
  const toast = useToast();
  const textOf = useProblemText();
  const { rows_per_page: size } = usePreferences();
  const control = useListState({ size, sort: '' });
  const [removing, setRemoving] = useState<Member | null>(null);
  const { members: list, member: one, accesses } = kinds[kind];
  const everybody = can('admin.users.write');
  const manages = everybody || group.admin_can_manage_existing_users === true;
  // Admins of a group neither make nor remove its admins: that is for those of the server.
  const mine = everybody ? accesses : accesses.filter((access) => !isAdmin(access));
  const query = hooks.useQuery(
    'get',
    list,
    { params: { path: { group_id: group.id }, query: { limit: control.size, offset: (control.page - 1) * control.size, ...(control.q ? { q: control.q } : {}) } } },
    { placeholderData: keepPreviousData },
  );
  const again = async () => {
    await query.refetch();
    changed();
  };
  const setAccess = async (member: Member, access: Access) => {
    try {
      await client.PUT(one, { params: { path: { group_id: group.id, id: member.id } }, body: { access } });
      toast({ kind: 'success', title: t('member.changed', { name: isolated(personName(member)), access: t(`member.access.${access}`) }) });
    } catch (error) {
      toast({ kind: 'error', title: t('member.notChanged', { name: isolated(personName(member)) }), text: textOf(error) });
    }
    await again();
  };
  const changes = (member: Member) => manages && mine.includes(member.access);
  const columns: Column<Member>[] = [
    { key: 'name', header: t('member.column.name'), cell: (member) => <PersonName person={member} /> },
    { key: 'email', header: t('member.column.email'), from: 'md', cell: (member) => <bdi>{member.email}</bdi> },
    {
      key: 'access',
      header: t('member.column.access'),
      cell: (member) =>
        changes(member) ? (
          <Select
            id={`access-${member.id}`}
            labelText={t('member.accessOf', { name: isolated(personName(member)) })}
            hideLabel
            size="sm"
            value={member.access}
            onChange={(event) => void setAccess(member, event.target.value as Access)}
          >
            {mine.map((access) => (
              <SelectItem key={access} value={access} text={t(`member.access.${access}`)} />
            ))}
          </Select>
        ) : (
          t(`member.access.${member.access}`)
        ),
    },
    { key: 'since', header: t('member.column.since'), date: true, from: 'lg', cell: (member) => <time dateTime={member.member_since}>{format.day(member.member_since)}</time> },
    {
      key: 'status',
      header: t('member.column.status'),
      from: 'lg',
      cell: (member) => <Tag type={member.status === 'active' ? 'green' : 'gray'}>{t(member.status === 'active' ? 'member.active' : 'member.inactive')}</Tag>,
    },
  ];
  return (
    <div className="section">
      <h2>{t('member.title')}</h2>
      {manages ? <AddMembers kind={kind} group={group} accesses={mine} added={again} /> : <p className="section-text">{t('member.notManaged')}</p>}
      <DataList<Member>
        label={t('member.title')}
        control={control}
        rows={query.data?.members}
        total={query.data?.total_count ?? 0}
        error={query.error}
        busy={query.isPlaceholderData}
        retry={() => void query.refetch()}
        columns={columns}
        rowKey={(member) => member.id}
        rowName={personName}
        below={(member) => <bdi>{member.email}</bdi>}
        rowActions={(member) => (changes(member) ? [{ label: t('member.remove.action'), danger: true, run: () => setRemoving(member) }] : [])}
        search={t('member.search')}
        empty={<EmptyState icon={UserMultiple} title={t('member.empty')} text={t(`member.emptyText.${kind}`)} />}
      />
      {removing && (
        <ConfirmDialog
          title={t('member.remove.title', { name: isolated(personName(removing)) })}
          confirm={t('member.remove.action')}
          danger
          failed={t('member.remove.failed')}
          run={async () => {
            await client.DELETE(one, { params: { path: { group_id: group.id, id: removing.id } } });
            toast({ kind: 'success', title: t('member.remove.done', { name: isolated(personName(removing)) }) });
            await again();
          }}
          close={() => setRemoving(null)}
        >
          <p>{t('member.remove.text')}</p>
        </ConfirmDialog>
      )}
    </div>
  );
}

export function isAdmin(access: Access): boolean {
  return access === 'workgroup_admin' || access === 'shared_inbox_admin';
}
