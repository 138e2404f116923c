import { ComboBox, DismissibleTag } from '@carbon/react';
import { useEffect, useRef, useState } from 'react';
import type { Contact } from '../api/types';
import { useApp } from '../shell/context';

interface RecipientPickerProps {
  selected: Contact[];
  onChange: (selected: Contact[]) => void;
  invalid: boolean;
}

const keyOf = (contact: Contact) => `${contact.type}:${contact.name}`;

function labelOf(contact: Contact | null): string {
  if (!contact) return '';
  const detail = contact.type === 'user' || contact.type === 'external_user' ? contact.email : contact.type.replace('_', ' ');
  return detail && detail !== contact.name ? `${contact.name} (${detail})` : contact.name;
}

/** Finds people, workgroups and shared inboxes by what is typed, and collects them. */
export function RecipientPicker({ selected, onChange, invalid }: RecipientPickerProps) {
  const { api, sessionEnded } = useApp();
  const [text, setText] = useState('');
  const [found, setFound] = useState<Contact[]>([]);
  const [problem, setProblem] = useState<string | null>(null);

  useEffect(() => {
    const controller = new AbortController();
    const timer = window.setTimeout(() => {
      api.contacts(text.trim(), controller.signal).then(
        (contacts) => {
          setFound(contacts);
          setProblem(null);
        },
        (reason: unknown) => {
          if (controller.signal.aborted || sessionEnded(reason)) return;
          setProblem(reason instanceof Error ? reason.message : String(reason));
        },
      );
    }, 200);
    return () => {
      window.clearTimeout(timer);
      controller.abort();
    };
  }, [api, text, sessionEnded]);

  // The box keeps the text of what was chosen; a fresh one is ready for the next recipient, with the focus where it was.
  const [turn, setTurn] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (turn > 0) input.current?.focus();
  }, [turn]);

  const taken = new Set(selected.map(keyOf));
  const items = found.filter((contact) => !taken.has(keyOf(contact)));
  return (
    <div>
      <ComboBox<Contact>
        key={turn}
        ref={input}
        id="recipients"
        titleText="Recipients"
        helperText="Type a name or an e-mail address."
        items={items}
        itemToString={labelOf}
        selectedItem={null}
        shouldFilterItem={() => true}
        invalid={invalid || problem !== null}
        invalidText={problem ?? 'Choose at least one recipient.'}
        onInputChange={setText}
        onChange={({ selectedItem }) => {
          if (!selectedItem) return;
          onChange([...selected, selectedItem]);
          setText('');
          setTurn((current) => current + 1);
        }}
      />
      {selected.length > 0 && (
        <ul className="recipients" aria-label="Chosen recipients">
          {selected.map((contact) => (
            <li key={keyOf(contact)}>
              <DismissibleTag
                type="blue"
                text={contact.name}
                dismissTooltipLabel={`Remove ${contact.name}`}
                onClose={() => onChange(selected.filter((other) => keyOf(other) !== keyOf(contact)))}
              />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
