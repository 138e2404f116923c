import { InlineLoading } from '@carbon/react';
import { type ClipboardEvent, type KeyboardEvent, type Ref, useCallback, useId, useImperativeHandle, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Contact } from '../api/types';
import { useProblemText } from '../components/ProblemNotice';
import { Chip } from './Chip';
import { type Kind, KindIcon } from './kinds';
import { added, detailOf, keyOf, nameOf, partsOf, type Recipient, resolved } from './people';
import { type Purpose, useResolve, useSuggestions } from './useDirectory';
import './people-picker.scss';

export interface PickerControl {
  focus: () => void;
  /** Takes what is typed, and waits until all recipients are looked up. */
  settle: () => Promise<readonly Recipient[]>;
}

interface PeoplePickerProps {
  id: string;
  label: string;
  help: string;
  recipients: readonly Recipient[];
  onChange: (recipients: readonly Recipient[]) => void;
  /** The kinds of recipients that a typed text can mean; the same object at each rendering. */
  kinds: readonly Kind[];
  /** What people are looked up for. */
  purpose?: Purpose;
  /** The kinds that are offered; absent: all of those. */
  offer?: readonly Kind[];
  /** What is wrong with the field; empty when nothing is. */
  error: string;
  control: Ref<PickerControl>;
}

/** Requests for addresses that are made at once. */
const together = 4;

/**
 * Collects recipients. People are offered for the text that is in the box and for no other; a text that is left becomes the
 * one person whose login or e-mail address it is, or is marked as unknown.
 */
export function PeoplePicker({ id, label, help, recipients, onChange, kinds, offer = kinds, purpose = 'packages', error, control }: PeoplePickerProps) {
  const { t } = useTranslation('send');
  const problemText = useProblemText();
  const resolve = useResolve(kinds, purpose);
  const [text, setText] = useState('');
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const suggestions = useSuggestions(text, open, offer, purpose);
  const input = useRef<HTMLInputElement>(null);
  const chips = useRef<HTMLUListElement>(null);
  const list = useId();
  const latest = useRef(recipients);
  latest.current = recipients;
  const lookups = useRef(new Set<Promise<unknown>>());

  const change = useCallback(
    (next: (current: readonly Recipient[]) => Recipient[]) => {
      latest.current = next(latest.current);
      onChange(latest.current);
    },
    [onChange],
  );

  const taken = new Set(recipients.map(keyOf));
  const options = (suggestions?.contacts ?? []).filter((contact) => !taken.has(keyOf(asKnown(contact))));
  const shown = open && suggestions !== null;

  const choose = (contact: Contact) => {
    change((current) => added(current, [asKnown(contact)]));
    setText('');
    setActive(-1);
    setOpen(false);
    input.current?.focus();
  };

  const commit = useCallback(
    (typed: string) => {
      const texts = partsOf(typed);
      setText('');
      setActive(-1);
      setOpen(false);
      if (texts.length === 0) return;
      change((current) => added(current, texts.map((one) => ({ text: one, state: 'checking' }))));
      const queue = [...texts];
      const work = async () => {
        for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
          const asked = one;
          const answer = await resolve(asked);
          change((current) => resolved(current, asked, answer));
        }
      };
      for (let i = 0; i < Math.min(together, texts.length); i++) {
        const lookup = work().finally(() => lookups.current.delete(lookup));
        lookups.current.add(lookup);
      }
    },
    [change, resolve],
  );

  useImperativeHandle(control, () => ({
    focus: () => input.current?.focus(),
    settle: async () => {
      commit(input.current?.value ?? '');
      await Promise.all(lookups.current);
      return latest.current;
    },
  }));

  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.nativeEvent.isComposing) return;
    const last = options.length - 1;
    switch (event.key) {
      case 'ArrowDown':
      case 'ArrowUp':
        event.preventDefault();
        setOpen(true);
        if (!shown || last < 0) return;
        if (event.key === 'ArrowDown') setActive(active >= last ? 0 : active + 1);
        else setActive(active <= 0 ? last : active - 1);
        return;
      case 'Escape':
        setOpen(false);
        setActive(-1);
        return;
      case 'Enter': {
        if (text.trim() === '' && active < 0) return;
        event.preventDefault();
        const option = shown ? options[active] : undefined;
        if (option) choose(option);
        else commit(text);
        return;
      }
      case ',':
      case ';':
        if (text.trim() === '') return;
        event.preventDefault();
        commit(text);
    }
  };

  const onPaste = (event: ClipboardEvent<HTMLInputElement>) => {
    const pasted = event.clipboardData.getData('text');
    if (partsOf(pasted).length < 2) return;
    event.preventDefault();
    commit(`${text}\n${pasted}`);
  };

  const remove = (index: number) => {
    change((current) => current.filter((_, i) => i !== index));
    requestAnimationFrame(() => {
      const next = chips.current?.querySelectorAll<HTMLButtonElement>('button')[index];
      (next ?? input.current)?.focus();
    });
  };

  const status = !open ? '' : suggestions === null ? t('people.searching') : suggestions.error ? '' : t('people.found', { count: options.length });
  return (
    <div className="people">
      <label htmlFor={id} className="cds--label">
        {label}
      </label>
      <p id={`${id}-help`} className="cds--form__helper-text people__help">
        {help}
      </p>
      <div className="people__box">
        <input
          ref={input}
          id={id}
          className={error ? 'cds--text-input cds--text-input--invalid' : 'cds--text-input'}
          role="combobox"
          autoComplete="off"
          spellCheck={false}
          dir="auto"
          aria-expanded={shown && options.length > 0}
          aria-controls={list}
          aria-autocomplete="list"
          aria-activedescendant={shown && active >= 0 ? `${list}-${active}` : undefined}
          aria-invalid={error !== ''}
          aria-describedby={error ? `${id}-help ${id}-error` : `${id}-help`}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setActive(-1);
            setOpen(event.target.value.trim() !== '');
          }}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
          onBlur={() => commit(text)}
        />
        {open && (
          <div className="people__list">
            {suggestions === null && <InlineLoading description={t('people.searching')} />}
            {suggestions?.error != null && <p className="people__none">{problemText(suggestions.error)}</p>}
            {suggestions && !suggestions.error && options.length === 0 && <p className="people__none">{t('people.none')}</p>}
            <ul id={list} role="listbox" aria-label={label}>
              {options.map((contact, index) => (
                <li
                  key={keyOf(asKnown(contact))}
                  id={`${list}-${index}`}
                  role="option"
                  aria-selected={index === active}
                  // The box keeps the focus, so that its text is not taken for a recipient.
                  onMouseDown={(event) => event.preventDefault()}
                  onClick={() => choose(contact)}
                >
                  <KindIcon kind={contact.type} />
                  <span className="people__name">
                    <bdi>{nameOf(contact)}</bdi>
                    {detailOf(contact) !== '' && <bdi className="people__detail">{detailOf(contact)}</bdi>}
                    {contact.type !== 'user' && <span className="people__detail">{t(`people.type.${contact.type}`)}</span>}
                  </span>
                </li>
              ))}
            </ul>
          </div>
        )}
      </div>
      <p role="status" className="visually-hidden">
        {status}
      </p>
      {error && (
        <p id={`${id}-error`} className="cds--form-requirement people__error">
          {error}
        </p>
      )}
      {recipients.length > 0 && (
        <ul ref={chips} className="people__chips" aria-label={t('people.chosen', { field: label })}>
          {recipients.map((recipient, index) => (
            <Chip key={keyOf(recipient)} recipient={recipient} remove={() => remove(index)} />
          ))}
        </ul>
      )}
    </div>
  );
}

function asKnown(contact: Contact): Recipient {
  return { text: contact.name, state: 'known', contact };
}
