import '../components/notice.scss';
import { Button, InlineLoading, InlineNotification, ListItem, TextArea, UnorderedList } from '@carbon/react';
import { Upload } from '@carbon/icons-react';
import { type FormEvent, useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useApi } from '../api/context';
import { problemOf } from '../api/problem';
import { useProblemText } from '../components/ProblemNotice';
import { useFormat } from '../i18n/format';
import { useToast } from '../shell/toasts';
import { csvOf, type DistributionList } from './lists';
import './lists.scss';

const largest = 8 << 20;

/** Adds people who are typed, or those of a CSV file. A file with faulty lines adds nobody, and each such line is told. */
export function AddContacts({ list, changed }: { list: DistributionList; changed: () => Promise<void> }) {
  const { t } = useTranslation('groups');
  const { client } = useApi();
  const format = useFormat();
  const toast = useToast();
  const textOf = useProblemText();
  const [typed, setTyped] = useState('');
  const [empty, setEmpty] = useState(false);
  const [working, setWorking] = useState(false);
  const [refused, setRefused] = useState<{ title: string; text: string; lines: string[] } | null>(null);
  const file = useRef<HTMLInputElement>(null);
  const notice = useRef<HTMLDivElement>(null);
  const id = useId();

  const add = async (csv: string, failed: string) => {
    setWorking(true);
    setRefused(null);
    try {
      const { data } = await client.POST('/api/v5/account/distribution_lists/{id}/csv', {
        params: { path: { id: list.id } },
        body: csv,
        bodySerializer: (body: string) => body,
        headers: { 'Content-Type': 'text/csv' },
      });
      const count = (data?.contacts.length ?? 0) - list.contacts.length;
      toast({ kind: 'success', title: t('list.import.done', { count, people: format.count(count) }) });
      setTyped('');
      await changed();
    } catch (error) {
      setRefused({ title: failed, text: textOf(error), lines: problemOf(error).errors.map(({ message }) => message) });
      requestAnimationFrame(() => notice.current?.focus());
    } finally {
      setWorking(false);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setEmpty(typed.trim() === '');
    if (typed.trim() === '') document.getElementById('list-typed')?.focus();
    else if (!working) void add(csvOf(typed), t('list.add.failed'));
  };
  const chosen = async () => {
    const picked = file.current?.files?.[0];
    if (file.current) file.current.value = '';
    if (!picked) return;
    if (picked.size > largest) {
      setRefused({ title: t('list.import.failed'), text: t('list.import.large'), lines: [] });
      return;
    }
    void add(await picked.text(), t('list.import.failed'));
  };
  return (
    <div className="stack list-add">
      {refused && (
        <div ref={notice} tabIndex={-1}>
          <InlineNotification className="notice" kind="error" role="alert" lowContrast hideCloseButton title={refused.title} statusIconDescription={t('error')}>
            <p>{refused.text}</p>
            {refused.lines.length > 0 && (
              <UnorderedList className="list-add__lines">
                {refused.lines.map((line) => (
                  <ListItem key={line}>{line}</ListItem>
                ))}
              </UnorderedList>
            )}
          </InlineNotification>
        </div>
      )}
      <form className="stack" noValidate onSubmit={submit}>
        <TextArea
          id="list-typed"
          labelText={t('list.add.label')}
          helperText={t('list.add.help')}
          rows={3}
          dir="ltr"
          spellCheck={false}
          value={typed}
          invalid={empty}
          invalidText={t('list.add.nobody')}
          {...(empty ? { 'aria-describedby': 'list-typed-error-msg' } : {})}
          onChange={(event) => {
            setTyped(event.target.value);
            setEmpty(false);
          }}
        />
        <div className="actions">
          <Button type="submit" kind="tertiary" disabled={working}>
            {t('list.add.submit')}
          </Button>
          <Button kind="tertiary" renderIcon={Upload} disabled={working} aria-describedby={id} onClick={() => file.current?.click()}>
            {t('list.import.submit')}
          </Button>
          <input ref={file} id="list-file" type="file" accept=".csv,text/csv" hidden aria-hidden onChange={() => void chosen()} />
          {working && <InlineLoading description={t('list.import.working')} />}
        </div>
        <p id={id} className="cds--form__helper-text">
          {t('list.import.help')}
        </p>
      </form>
    </div>
  );
}
