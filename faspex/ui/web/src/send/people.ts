// Who is meant by what somebody types. Nothing here guesses: a text is a person only if it is the whole login or the whole
// e-mail address of exactly one.

import type { Contact } from '../api/types';

/** A recipient as the form has it. */
export type Recipient =
  | { text: string; state: 'known'; contact: Contact }
  /** The server is asked who it is. */
  | { text: string; state: 'checking' }
  | { text: string; state: 'unknown' | 'ambiguous' | 'unchecked' };

export function keyOf(recipient: Recipient): string {
  return recipient.state === 'known' ? `${recipient.contact.type}:${recipient.contact.id}` : `?${fold(recipient.text)}`;
}

/** What a recipient is called in the form. */
export function nameOf(contact: Contact): string {
  return [contact.first_name, contact.last_name].filter(Boolean).join(' ') || contact.name;
}

/** What tells two people of one name apart. */
export function detailOf(contact: Contact): string {
  if (contact.type !== 'user' && contact.type !== 'external_user') return '';
  const detail = contact.email || contact.name;
  return detail === nameOf(contact) ? '' : detail;
}

/** The shared inbox among recipients. */
export function inboxOf(recipients: readonly Recipient[]): Contact | undefined {
  return recipients.flatMap((one) => (one.state === 'known' && one.contact.type === 'shared_inbox' ? [one.contact] : []))[0];
}

/** Parts of a pasted text: separated by commas, semicolons or line breaks; `Ada <ada@example.com>` means the address. */
export function partsOf(text: string): string[] {
  return text.split(/[,;\n\r\t]+/).map(addressOf).filter(Boolean);
}

export function addressOf(text: string): string {
  const inside = /<([^<>]+)>\s*$/.exec(text)?.[1];
  return (inside ?? text).trim();
}

/** Says whether a contact may be offered for a text: its name, login or e-mail contains it. */
export function contains(contact: Contact, text: string): boolean {
  const wanted = fold(text);
  if (wanted === '') return true;
  return [nameOf(contact), `${contact.last_name} ${contact.first_name}`, contact.name, contact.email].some((part) => fold(part).includes(wanted));
}

/** The one contact that a whole login or e-mail address means. */
export function exact(contacts: readonly Contact[], text: string): Contact | 'unknown' | 'ambiguous' {
  const wanted = fold(addressOf(text));
  const byLogin = contacts.filter(({ name }) => fold(name) === wanted);
  const found = byLogin.length > 0 ? byLogin : contacts.filter(({ email }) => fold(email) === wanted);
  if (found.length > 1) return 'ambiguous';
  return found[0] ?? 'unknown';
}

/** The stranger whom a whole e-mail address means that none of the contacts has, for one who may send to strangers. */
export function outsider(contacts: readonly Contact[], text: string, allowed: boolean): Contact[] {
  const address = addressOf(text);
  if (!allowed || !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(address) || exact(contacts, address) !== 'unknown') return [];
  return [
    {
      id: fold(address), name: address, email: address, first_name: '', last_name: '', type: 'external_user',
      require_encryption_at_rest: 'server', metadata_profile_id: '', submitters_instructions: '',
    },
  ];
}

/** Adds recipients that are not there yet. */
export function added(recipients: readonly Recipient[], more: readonly Recipient[]): Recipient[] {
  const all = [...recipients];
  const taken = new Set(all.map(keyOf));
  for (const recipient of more) {
    if (taken.has(keyOf(recipient))) continue;
    taken.add(keyOf(recipient));
    all.push(recipient);
  }
  return all;
}

/** Puts what the server said in the place of a recipient that was asked about. */
export function resolved(recipients: readonly Recipient[], text: string, answer: Recipient): Recipient[] {
  const at = recipients.findIndex((one) => one.state === 'checking' && fold(one.text) === fold(text));
  if (at < 0) return [...recipients]; // taken away meanwhile
  const others = recipients.filter((_, index) => index !== at);
  const isThere = others.some((one) => keyOf(one) === keyOf(answer));
  return isThere ? others : recipients.map((one, index) => (index === at ? answer : one));
}

function fold(text: string | undefined): string {
  return (text ?? '').normalize('NFC').toLowerCase().trim();
}
