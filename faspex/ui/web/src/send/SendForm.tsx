import '../components/form/form.scss';
import './send-page.scss';
import { Accordion, AccordionItem, Button, Checkbox, InlineLoading, InlineNotification, TextArea, TextInput } from '@carbon/react';
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { useTranslation } from 'react-i18next';
import { useApi } from '../api/context';
import { problemOf } from '../api/problem';
import { LeaveGuard } from '../components/form/LeaveGuard';
import { ProblemNotice } from '../components/ProblemNotice';
import { isolated } from '../i18n/format';
import type { Draft } from './draft';
import type { Kind } from './kinds';
import { limitsOf, metadataFaults, metadataOf, type Profile, profileOf, shownFields } from './metadata';
import { metadataElement, MetadataFields } from './MetadataFields';
import { OptionFields } from './OptionFields';
import { inboxOf, nameOf } from './people';
import { PeoplePicker, type PickerControl } from './PeoplePicker';
import { placesOf, type Place, elements, inOptions } from './places';
import { faultsOf, type Fault, fields, type FilesState, isMixed, type PackageCreate, requestOf } from './request';
import './send-form.scss';

interface SendFormProps {
  label: string;
  draft: Draft;
  change: (fields: Partial<Draft>) => void;
  /** True when something would be lost. */
  dirty: boolean;
  /** The profiles of metadata; none for what is forwarded. */
  profiles: readonly Profile[];
  files: FilesState;
  filesField?: (error: string) => ReactNode;
  /** Sends what was filled in, and leads away when it returns. */
  send: (body: PackageCreate, withFiles: boolean) => Promise<() => void>;
  submit: string;
  /** A second button, which sends the form without files. */
  without?: string;
  failed: string;
}

const anybody: readonly Kind[] = ['user', 'external_user', 'workgroup', 'shared_inbox', 'distribution_list'];
const butInboxes: readonly Kind[] = ['user', 'external_user', 'workgroup', 'distribution_list'];
const people: readonly Kind[] = ['user', 'external_user'];

/** To whom a package goes and how: what a new package and a forwarded one have in common. */
export function SendForm({ label, draft, change, dirty, profiles, files, filesField, send, submit, without, failed }: SendFormProps) {
  const { t } = useTranslation('send');
  const [checked, setChecked] = useState(false);
  const [refused, setRefused] = useState<Partial<Record<Place, string>>>({});
  const [error, setError] = useState<unknown>(null);
  const [working, setWorking] = useState(false);
  const [left, setLeft] = useState(false);
  const [moreOpen, setMoreOpen] = useState(false);
  const [accepted, setAccepted] = useState(false);
  const to = useRef<PickerControl>(null);
  const hidden = useRef<PickerControl>(null);
  const onUpload = useRef<PickerControl>(null);
  const onDownload = useRef<PickerControl>(null);
  const notice = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (error !== null) notice.current?.focus();
  }, [error]);

  const { hooks } = useApi();
  const told = hooks.useQuery('get', '/api/v5/configuration').data;
  const terms = told?.package_terms_of_service ?? '';
  const inbox = inboxOf(draft.recipients);
  const profile = profileOf(profiles, inbox);
  const asked = shownFields(profile);
  const limits = limitsOf(profile);
  const placeOfElement = (place: Place) => (place.startsWith('metadata:') ? metadataElement(asked.findIndex(({ name }) => `metadata:${name}` === place)) : elements[place as keyof typeof elements]);

  const messagesOf = (filled: Draft, state: FilesState): Partial<Record<Place, string>> => {
    const faults = faultsOf(filled, state, new Date(), terms === '' || accepted);
    const { fields: metadata, text } = metadataFaults(profileOf(profiles, inboxOf(filled.recipients)), filled);
    return {
      ...Object.fromEntries(Object.entries(metadata).map(([name, { key, ...values }]) => [`metadata:${name}`, t(`metadata.fault.${key}`, values)])),
      ...Object.fromEntries(Object.entries(text).map(([name, { key, ...values }]) => [name, t(`metadata.fault.${key}`, values)])),
      ...Object.fromEntries(Object.entries(faults).map(([name, fault]) => [name, t(`fault.${fault as Fault}`)])),
    };
  };
  // A shared inbox beside others is told at once: it is not wrong to have typed it, but to send it.
  const shown: Partial<Record<Place, string>> = { ...(isMixed(draft.recipients) ? { recipients: t('fault.inboxAlone') } : {}), ...(checked ? messagesOf(draft, files) : {}), ...refused };
  const messageOf = (place: Place): string => shown[place] ?? '';
  const order: readonly Place[] = fields.flatMap((field): Place[] => (field === 'note' ? [field, ...asked.map(({ name }) => `metadata:${name}` as const)] : [field]));

  const focus = (place: Place) => {
    if (inOptions.includes(place)) setMoreOpen(true);
    // After the options have opened and the error is there to be read with the field.
    setTimeout(() => document.getElementById(placeOfElement(place))?.focus(), 50);
  };

  const store = async (withFiles: boolean) => {
    setChecked(true);
    setRefused({});
    setError(null);
    setWorking(true);
    try {
      const filled: Draft = {
        ...draft,
        recipients: (await to.current?.settle()) ?? draft.recipients,
        privateRecipients: (await hidden.current?.settle()) ?? draft.privateRecipients,
        notifiedOnUpload: (await onUpload.current?.settle()) ?? draft.notifiedOnUpload,
        notifiedOnDownload: (await onDownload.current?.settle()) ?? draft.notifiedOnDownload,
      };
      const wrong = messagesOf(filled, withFiles ? files : 'not needed');
      const first = order.find((place) => wrong[place]);
      if (first) {
        if (!withFiles) setRefused({ files: '' });
        focus(first);
        return;
      }
      const of = profileOf(profiles, inboxOf(filled.recipients));
      const body = requestOf({ ...filled, note: limitsOf(of).hasNote ? filled.note : '' }, metadataOf(of, filled.metadata));
      const leave = await send(body, withFiles);
      flushSync(() => setLeft(true)); // nothing is lost any more: the guard lets this navigation pass
      leave();
    } catch (reason) {
      const named = placesOf(problemOf(reason).errors, asked);
      if (named.length === 0) setError(reason);
      else {
        setRefused(Object.fromEntries(named));
        focus(order.find((place) => named.some(([name]) => name === place)) ?? 'title');
      }
    } finally {
      setWorking(false);
    }
  };

  return (
    <>
      <LeaveGuard when={dirty && !left} />
      <form
        className="stack send-form"
        noValidate
        aria-label={label}
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          // Enter in a box that collects people ends what is typed there; it never sends the form.
          if (document.activeElement?.getAttribute('role') === 'combobox') return;
          if (!working) void store(filesField !== undefined);
        }}
      >
        {error !== null && (
          <div ref={notice} tabIndex={-1}>
            <ProblemNotice title={failed} error={error} />
          </div>
        )}
        {told?.package_instructions && <Notice title={t('packageInstructions')} text={told.package_instructions} />}
        {filesField?.(messageOf('files'))}
        <PeoplePicker
          id="recipients"
          label={t('people.label')}
          help={t('people.help')}
          kinds={anybody}
          offer={draft.recipients.length > 0 && !inbox ? butInboxes : anybody}
          recipients={draft.recipients}
          onChange={(recipients) => change({ recipients })}
          error={messageOf('recipients')}
          control={to}
        />
        <Instructions draft={draft} />
        <TextInput
          id="title"
          labelText={t('titleField.label')}
          helperText={t('titleField.help')}
          dir="auto"
          value={draft.title}
          maxLength={limits.title}
          enableCounter
          maxCount={limits.title}
          required
          autoComplete="off"
          invalid={messageOf('title') !== ''}
          invalidText={messageOf('title')}
          {...described('title', messageOf('title'))}
          onChange={(event) => change({ title: event.target.value })}
        />
        {limits.hasNote && (
          <TextArea
            id="note"
            labelText={t('note.label')}
            dir="auto"
            rows={4}
            maxLength={limits.note}
            value={draft.note}
            invalid={messageOf('note') !== ''}
            invalidText={messageOf('note')}
            {...described('note', messageOf('note'))}
            onChange={(event) => change({ note: event.target.value })}
          />
        )}
        <MetadataFields
          fields={asked}
          typed={draft.metadata}
          change={(name, value) => change({ metadata: { ...draft.metadata, [name]: value } })}
          messageOf={(name) => messageOf(`metadata:${name}`)}
        />
        <Accordion>
          <AccordionItem title={t('options.title')} open={moreOpen} onHeadingClick={({ isOpen }) => setMoreOpen(isOpen)}>
            <div className="send-options">
              {!inbox && (
                <PeoplePicker
                  id="private-recipients"
                  label={t('private.label')}
                  help={t('private.help')}
                  kinds={butInboxes}
                  recipients={draft.privateRecipients}
                  onChange={(privateRecipients) => change({ privateRecipients })}
                  error={messageOf('privateRecipients')}
                  control={hidden}
                />
              )}
              <PeoplePicker
                id="notified-on-upload"
                label={t('notified.upload')}
                help={t('notified.help')}
                kinds={people}
                recipients={draft.notifiedOnUpload}
                onChange={(notifiedOnUpload) => change({ notifiedOnUpload })}
                error={messageOf('notifiedOnUpload')}
                control={onUpload}
              />
              <PeoplePicker
                id="notified-on-download"
                label={t('notified.download')}
                help={t('notified.help')}
                kinds={people}
                recipients={draft.notifiedOnDownload}
                onChange={(notifiedOnDownload) => change({ notifiedOnDownload })}
                error={messageOf('notifiedOnDownload')}
                control={onDownload}
              />
              <OptionFields options={draft.options} change={(options) => change({ options: { ...draft.options, ...options } })} messageOf={messageOf} />
            </div>
          </AccordionItem>
        </Accordion>
        {terms !== '' && (
          <div className="send-terms">
            <p id="terms-text" className="section-text" dir="auto">
              {terms}
            </p>
            <Checkbox
              id="terms"
              labelText={t('terms')}
              checked={accepted}
              invalid={messageOf('terms') !== ''}
              invalidText={messageOf('terms')}
              aria-describedby="terms-text"
              required
              onChange={(_, { checked: yes }) => setAccepted(yes)}
            />
          </div>
        )}
        <div className="actions">
          <Button type="submit" disabled={working}>
            {submit}
          </Button>
          {without && (
            <Button kind="ghost" disabled={working} onClick={() => void store(false)}>
              {without}
            </Button>
          )}
          {working && <InlineLoading description={t('working')} />}
        </div>
      </form>
    </>
  );
}

/** Carbon names the message by aria-errormessage alone, which screen readers do not read out. */
function described(id: string, message: string) {
  return message === '' ? {} : { 'aria-describedby': `${id}-error-msg` };
}

/** What those who look after a group say to everybody who sends to it. */
function Instructions({ draft }: { draft: Draft }) {
  const { t } = useTranslation('send');
  return draft.recipients.map((one) =>
    one.state === 'known' && one.contact.submitters_instructions ? (
      <Notice
        key={`${one.contact.type}:${one.contact.id}`}
        title={t('instructions', { name: isolated(nameOf(one.contact)) })}
        text={one.contact.submitters_instructions}
      />
    ) : null,
  );
}

function Notice({ title, text }: { title: string; text: string }) {
  const { t } = useTranslation('shell');
  return (
    <InlineNotification
      className="notice send-instructions"
      kind="info"
      role="status"
      lowContrast
      hideCloseButton
      title={title}
      subtitle={isolated(text)}
      statusIconDescription={t('kind.info')}
    />
  );
}
