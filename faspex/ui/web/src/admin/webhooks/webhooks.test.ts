import { describe, expect, it } from 'vitest';
import { changeOf, newWebhook, valuesOf } from './webhooks';

describe('the form of a webhook', () => {
  it('shows what is not set as empty, and stores empty fields as no filter', () => {
    const values = valuesOf({ name: 'a', url: 'https://example.com', package_name: 'Plan', package_name_exact: true, package_note: null });
    expect(values).toMatchObject({ package_name: 'Plan', package_name_exact: true, package_note: '', package_note_exact: false, connection_timeout: 60 });
    expect(changeOf({ ...values, sender_email: '  ' })).toMatchObject({ package_name: 'Plan', package_note: null, sender_email: null, package_size_min: null });
  });

  it('begins active, with a minute and without filters', () => {
    expect(newWebhook).toMatchObject({ active: true, connection_timeout: 60, package_name: '', package_date_start: '' });
  });
});
