import { describe, expect, it } from 'vitest';
import { changesOf, shownOf, type TemplateValues } from './template';

const before: TemplateValues = {
  editor: 'form', subject: 's', greeting: 'g', introduction: 'i', include_details: false, include_recipients: true, message_continued: '', signature: '',
  include_alternate_address_footer: false, alternate_address_footer: '', html: '<p>h</p>',
};

// page-81
describe('a changed template', () => {
  it('stores what is not sent as well, and what is sent last', () => {
    expect(changesOf(before, { html: '<p>x</p>', greeting: 'Hello' })).toEqual([{ html: '<p>x</p>' }, { greeting: 'Hello' }]);
    expect(changesOf(before, { html: '<p>x</p>' })).toEqual([{ html: '<p>x</p>' }, { subject: 's' }]);
    expect(changesOf(before, { editor: 'html', greeting: 'Hello' })).toEqual([{ greeting: 'Hello', html: '<p>h</p>' }]);
    expect(changesOf({ ...before, editor: 'html' }, { editor: 'form' })).toEqual([{ subject: 's' }]);
    expect(changesOf(before, { greeting: 'Hello' })).toEqual([{ greeting: 'Hello' }]);
  });
  it('is shown as it would be sent', () => {
    expect(shownOf(before)).not.toHaveProperty('html');
    expect(shownOf({ ...before, editor: 'html' })).toHaveProperty('html', '<p>h</p>');
  });
});
