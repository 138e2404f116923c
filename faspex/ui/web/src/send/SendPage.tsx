import '../components/form/form.scss';
import './send-page.scss';
import { Accordion, AccordionItem, Button, InlineLoading, TextArea, TextInput } from '@carbon/react';
import { type FormEvent, useEffect, useMemo, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { useTranslation } from 'react-i18next';
import { useNavigate } from '../navigation/router';
import { useApi } from '../api/context';
import { problemOf } from '../api/problem';
import { LeaveGuard } from '../components/form/LeaveGuard';
import { PageHeader } from '../components/PageHeader';
import { ProblemNotice } from '../components/ProblemNotice';
import { useAccount } from '../shell/account';
import { useTransfers } from '../transfers/useTransfers';
import { emptyDraft, isEmpty } from './draft';
import { FilesField } from './FilesField';
import { OptionFields } from './OptionFields';
import type { Recipient } from './people';
import { PeoplePicker, type PickerControl } from './PeoplePicker';
import { type Fault, type Faults, faultsOf, type Field, fields, noteLimit, requestOf, titleLimit } from './request';
import { useDraft } from './useDraft';
import { useSelection } from './useSelection';
import './send-form.scss';

/** The element that has the focus when a field is wrong. */
const elements: Record<Field, string> = {
  files: 'send-choose',
  recipients: 'recipients',
  privateRecipients: 'private-recipients',
  title: 'title',
  releaseDate: 'release-date',
  expirationDate: 'expiration-date',
  downloadLimit: 'download-limit',
};
const inOptions: readonly Field[] = ['privateRecipients', 'releaseDate', 'expirationDate', 'downloadLimit'];
/** Fields by their names in the API. */
const apiFields: Record<string, Field> = {
  title: 'title',
  recipients: 'recipients',
  private_recipients: 'privateRecipients',
  release_date: 'releaseDate',
  expiration_date: 'expirationDate',
  download_limit: 'downloadLimit',
};

/** Sends a package: files first, then to whom. The upload goes on in the panel of transfers. */
export default function SendPage() {
  const { t } = useTranslation('send');
  const { client, queries } = useApi();
  const { gateway_url: gateway } = useAccount();
  const transfers = useTransfers();
  const navigate = useNavigate();
  const { draft, change, done, lost } = useDraft();
  const chosen = useSelection();
  const [checked, setChecked] = useState(false);
  const [refused, setRefused] = useState<Partial<Record<Field, string>>>({});
  const [error, setError] = useState<unknown>(null);
  const [working, setWorking] = useState(false);
  const [left, setLeft] = useState(false);
  const [moreOpen, setMoreOpen] = useState(false);
  const people = useRef<PickerControl>(null);
  const hidden = useRef<PickerControl>(null);
  const notice = useRef<HTMLDivElement>(null);

  const { selection, reading } = chosen;
  const hasFiles = selection.files.length > 0 || selection.folders.length > 0;
  const dirty = hasFiles || reading || !isEmpty({ ...draft, files: emptyDraft.files });
  const names = useMemo(() => [...new Set([...selection.folders, ...selection.files.map(({ path }) => path)].map((path) => path.split('/', 1)[0] ?? ''))], [selection]);
  useEffect(() => {
    if (names.length > 0) change({ files: names });
  }, [names, change]);
  useEffect(() => {
    if (error !== null) notice.current?.focus();
  }, [error]);

  const faults: Faults = checked ? faultsOf(draft, filesState(hasFiles, reading, gateway), new Date()) : {};
  const messageOf = (field: Field): string => refused[field] ?? (faults[field] ? t(`fault.${faults[field] as Fault}`) : '');

  const submit = async (withFiles: boolean) => {
    setChecked(true);
    setRefused({});
    setError(null);
    setWorking(true);
    try {
      const recipients = (await people.current?.settle()) ?? draft.recipients;
      const privateRecipients = (await hidden.current?.settle()) ?? draft.privateRecipients;
      const filled = { ...draft, recipients, privateRecipients };
      const wrong = faultsOf(filled, withFiles ? filesState(hasFiles, reading, gateway) : 'not needed', new Date());
      const first = fields.find((field) => wrong[field]);
      if (first) {
        if (!withFiles) setRefused({ files: '' });
        focus(first);
        return;
      }
      const { data } = await client.POST('/api/v5/packages', { body: requestOf(filled) });
      const id = data?.id ?? '';
      if (withFiles && transfers && hasFiles) await transfers.add(id, filled.title.trim(), selection);
      flushSync(() => setLeft(true)); // nothing is lost any more: the guard lets this navigation pass
      done();
      void queries.invalidateQueries();
      navigate(`/packages/sent/${encodeURIComponent(id)}`);
    } catch (reason) {
      const named = problemOf(reason).errors.flatMap(({ field, message }) => (apiFields[field] ? [[apiFields[field], message] as const] : []));
      if (named.length === 0) setError(reason);
      else {
        setRefused(Object.fromEntries(named));
        focus(fields.find((field) => named.some(([name]) => name === field)) ?? 'title');
      }
    } finally {
      setWorking(false);
    }
  };

  const focus = (field: Field) => {
    if (inOptions.includes(field)) setMoreOpen(true);
    // After the options have opened and the error is there to be read with the field.
    setTimeout(() => document.getElementById(elements[field])?.focus(), 50);
  };

  return (
    <>
      <PageHeader title={t('title')} text={t(gateway ? 'text' : 'textWithoutGateway')} />
      <LeaveGuard when={dirty && !left} />
      <form
        className="stack send-form"
        noValidate
        aria-label={t('title')}
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          // Enter in a box that collects people ends what is typed there; it never sends the form.
          if (document.activeElement?.getAttribute('role') === 'combobox') return;
          if (!working) void submit(Boolean(gateway));
        }}
      >
        {error !== null && (
          <div ref={notice} tabIndex={-1}>
            <ProblemNotice title={t('failed')} error={error} />
          </div>
        )}
        {gateway && <FilesField chosen={chosen} error={messageOf('files')} lost={lost} />}
        <PeoplePicker
          id="recipients"
          label={t('people.label')}
          help={t('people.help')}
          recipients={draft.recipients}
          onChange={(recipients: readonly Recipient[]) => change({ recipients })}
          error={messageOf('recipients')}
          control={people}
        />
        <TextInput
          id="title"
          labelText={t('titleField.label')}
          helperText={t('titleField.help')}
          dir="auto"
          value={draft.title}
          maxLength={titleLimit}
          enableCounter
          maxCount={titleLimit}
          required
          autoComplete="off"
          invalid={messageOf('title') !== ''}
          invalidText={messageOf('title')}
          onChange={(event) => change({ title: event.target.value })}
        />
        <TextArea
          id="note"
          labelText={t('note.label')}
          dir="auto"
          rows={4}
          enableCounter
          maxCount={noteLimit}
          value={draft.note}
          onChange={(event) => change({ note: event.target.value })}
        />
        <Accordion>
          <AccordionItem title={t('options.title')} open={moreOpen} onHeadingClick={({ isOpen }) => setMoreOpen(isOpen)}>
            <div className="send-options">
              <PeoplePicker
                id="private-recipients"
                label={t('private.label')}
                help={t('private.help')}
                recipients={draft.privateRecipients}
                onChange={(privateRecipients: readonly Recipient[]) => change({ privateRecipients })}
                error={messageOf('privateRecipients')}
                control={hidden}
              />
              <OptionFields options={draft.options} change={(options) => change({ options: { ...draft.options, ...options } })} messageOf={messageOf} />
            </div>
          </AccordionItem>
        </Accordion>
        <div className="actions">
          <Button type="submit" disabled={working}>
            {t(gateway ? 'action.send' : 'action.create')}
          </Button>
          {gateway && (
            <Button kind="ghost" disabled={working} onClick={() => void submit(false)}>
              {t('action.ascp')}
            </Button>
          )}
          {working && <InlineLoading description={t('working')} />}
        </div>
      </form>
    </>
  );
}

function filesState(hasFiles: boolean, reading: boolean, gateway: string | null | undefined) {
  if (!gateway) return 'not needed';
  if (reading) return 'reading';
  return hasFiles ? 'some' : 'none';
}
