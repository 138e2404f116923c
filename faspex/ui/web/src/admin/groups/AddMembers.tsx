import { Button, InlineLoading, Select, SelectItem } from '@carbon/react';
import { type FormEvent, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/context';
import { useProblemText } from '../../components/ProblemNotice';
import { useFormat } from '../../i18n/format';
import type { Kind as PersonKind } from '../../send/kinds';
import type { Recipient } from '../../send/people';
import { PeoplePicker, type PickerControl } from '../../send/PeoplePicker';
import { useToast } from '../../shell/toasts';
import { type Access, type Group, type Kind, kinds } from './groups';

const people: readonly PersonKind[] = ['user'];

interface AddMembersProps {
  kind: Kind;
  group: Group;
  /** The levels that the person may give. */
  accesses: readonly Access[];
  added: () => Promise<void>;
}

/** Puts people into a group. Those who could not be added stay in the box, with the reason below it. */
export function AddMembers({ kind, group, accesses, added }: AddMembersProps) {
  const { t } = useTranslation('groups');
  const { client } = useApi();
  const format = useFormat();
  const toast = useToast();
  const textOf = useProblemText();
  const [chosen, setChosen] = useState<readonly Recipient[]>([]);
  const [access, setAccess] = useState<Access>('standard');
  const [error, setError] = useState('');
  const [working, setWorking] = useState(false);
  const picker = useRef<PickerControl>(null);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (working || document.activeElement?.getAttribute('role') === 'combobox') return;
    setWorking(true);
    setError('');
    const all = (await picker.current?.settle()) ?? chosen;
    const left: Recipient[] = [];
    let problem = all.length === 0 ? t('member.add.nobody') : '';
    let done = 0;
    for (const one of all) {
      if (one.state !== 'known') {
        left.push(one);
        problem ||= t('member.add.unknown');
        continue;
      }
      try {
        await client.POST(kinds[kind].members, { params: { path: { group_id: group.id } }, body: { user: [{ id: one.contact.id, access }] } });
        done++;
      } catch (reason) {
        left.push(one);
        problem ||= textOf(reason);
      }
    }
    setChosen(left);
    setError(problem);
    setWorking(false);
    if (done > 0) {
      toast({ kind: 'success', title: t('member.add.done', { count: done, members: format.count(done) }) });
      await added();
    }
    if (problem !== '') picker.current?.focus();
  };
  return (
    <form className="stack add-members" noValidate aria-label={t('member.add.title')} onSubmit={(event) => void submit(event)}>
      <PeoplePicker
        id="add-members"
        label={t('member.add.label')}
        help={t('member.add.help')}
        kinds={people}
        purpose="members"
        recipients={chosen}
        onChange={setChosen}
        error={error}
        control={picker}
      />
      <Select id="add-access" labelText={t('member.column.access')} helperText={t(`member.accessHelp.${access}`)} value={access} onChange={(event) => setAccess(event.target.value as Access)}>
        {accesses.map((one) => (
          <SelectItem key={one} value={one} text={t(`member.access.${one}`)} />
        ))}
      </Select>
      <div className="actions">
        <Button type="submit" kind="tertiary" disabled={working}>
          {t('member.add.submit')}
        </Button>
        {working && <InlineLoading description={t('member.add.working')} />}
      </div>
    </form>
  );
}
