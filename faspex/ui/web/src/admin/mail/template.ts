// The two texts of a kind of mail: the parts of a form, and an HTML text.

import type { components } from '../../api/schema';

type Template = components['schemas']['EmailNotification'];
export type TemplateChange = components['schemas']['EmailNotificationChange'];

const parts = [
  'subject', 'greeting', 'introduction', 'include_details', 'include_recipients', 'message_continued', 'signature', 'include_alternate_address_footer',
  'alternate_address_footer',
] as const;

export type TemplateValues = Pick<Template, (typeof parts)[number] | 'html'> & { editor: 'form' | 'html' };

/** The HTML text begins as what the form makes. */
export function templateValues(of: Template): TemplateValues {
  const values = Object.fromEntries(parts.map((name) => [name, of[name]])) as Pick<Template, (typeof parts)[number]>;
  return { ...values, html: of.html || of.html_derived, editor: of.use_html_derived ? 'form' : 'html' };
}

/**
 * The calls that store a change. The server sends what was stored last, and `html` is what stores the HTML text: so the one
 * that is chosen to be sent comes last, and nothing of the other is lost (page-81).
 */
export function changesOf(before: TemplateValues, changed: Partial<TemplateValues>): TemplateChange[] {
  const after = { ...before, ...changed };
  const { editor: _, html, ...form } = changed;
  if (after.editor === 'html') return [{ ...form, html: after.html }];
  const last: TemplateChange = Object.keys(form).length > 0 ? form : { subject: after.subject };
  return html === undefined ? [last] : [{ html }, last];
}

/** What the preview shows: the text that is chosen to be sent. */
export function shownOf({ editor, html, ...form }: TemplateValues): TemplateChange {
  return editor === 'html' ? { ...form, html } : form;
}
