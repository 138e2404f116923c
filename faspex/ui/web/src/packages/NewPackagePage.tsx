import { Button, InlineLoading, TextArea, TextInput } from '@carbon/react';
import { type FormEvent, useEffect, useState } from 'react';
import { useNavigate } from 'react-router';
import type { Contact, RecipientType } from '../api/types';
import { Problem } from '../shell/Problem';
import { useApp } from '../shell/context';
import { RecipientPicker } from './RecipientPicker';

const recipientTypes: Record<string, RecipientType> = { workgroup: 'workgroup', shared_inbox: 'shared_inbox' };

/** Creates a package; its own page then shows how to upload the files. */
export function NewPackagePage() {
  const { api, sessionEnded } = useApp();
  const navigate = useNavigate();
  const [title, setTitle] = useState('');
  const [note, setNote] = useState('');
  const [recipients, setRecipients] = useState<Contact[]>([]);
  const [checked, setChecked] = useState(false);
  const [working, setWorking] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  useEffect(() => {
    document.title = 'New package – Faspex';
  }, []);

  const titleMissing = title.trim() === '';
  const recipientsMissing = recipients.length === 0;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (titleMissing || recipientsMissing) return;
    setWorking(true);
    setError(null);
    try {
      const created = await api.createPackage({
        title: title.trim(),
        ...(note.trim() ? { note: note.trim() } : {}),
        recipients: recipients.map(({ name, type }) => ({ name, recipient_type: recipientTypes[type] ?? 'user' })),
      });
      await navigate(`/sent/${encodeURIComponent(created.id)}`);
    } catch (reason) {
      if (sessionEnded(reason)) return;
      setError(reason instanceof Error ? reason : new Error(String(reason)));
      setWorking(false);
    }
  };

  return (
    <main id="main-content" className="page page--narrow" tabIndex={-1}>
      <div className="page-header">
        <div>
          <h1>New package</h1>
          <p>Say what it is and who receives it. The next page shows how to upload the files.</p>
        </div>
      </div>
      {error && <Problem title="The package could not be created." error={error} />}
      <form className="stack" onSubmit={(event) => void submit(event)} noValidate>
        <TextInput
          id="title"
          labelText="Title"
          value={title}
          maxLength={255}
          required
          autoComplete="off"
          invalid={checked && titleMissing}
          invalidText="Give the package a title."
          onChange={(event) => setTitle(event.target.value)}
        />
        <RecipientPicker selected={recipients} onChange={setRecipients} invalid={checked && recipientsMissing} />
        <TextArea id="note" labelText="Note (optional)" rows={4} maxLength={4000} value={note} onChange={(event) => setNote(event.target.value)} />
        <div className="actions">
          <Button type="submit" disabled={working}>
            Create package
          </Button>
          <Button kind="ghost" onClick={() => void navigate(-1)}>
            Cancel
          </Button>
          {working && <InlineLoading description="Creating the package…" />}
        </div>
      </form>
    </main>
  );
}
