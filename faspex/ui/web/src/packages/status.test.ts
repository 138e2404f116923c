import { describe, expect, it } from 'vitest';
import type { Package } from '../api/types';
import { awaitsUpload, packageStatus } from './status';

const pkg = (state: string, upload_status: string, release_policy = 'now') => ({ state, upload_status, release_policy }) as Package;

describe('packageStatus', () => {
  it.each([
    ['waiting', false, pkg('held', 'submitted')],
    ['waiting', false, pkg('held', 'queued')],
    ['uploading', true, pkg('held', 'transferring')],
    ['paused', false, pkg('held', 'stopped')],
    ['failed', false, pkg('held', 'will_retry')],
    ['uploaded', true, pkg('held', 'completed')],
    ['held', false, pkg('held', 'completed', 'later')],
    ['scheduled', false, pkg('held', 'completed', 'on_date')],
    ['waiting', false, pkg('held', 'submitted', 'later')],
    ['processing', true, pkg('transient_held_to_released_start', 'completed')],
    ['complete', false, pkg('released', 'completed')],
    ['expiring', true, pkg('transient_released_to_expired', 'completed')],
    ['expired', false, pkg('expired', 'completed')],
    ['deleting', true, pkg('transient_expired_to_deleted', 'completed')],
    ['deleted', false, pkg('deleted', 'completed')],
    ['unknown', false, pkg('something_new', 'completed')],
    ['unknown', false, pkg('held', 'something_new')],
  ])('%s, moving %s', (name, moving, facts) => {
    expect(packageStatus(facts)).toMatchObject({ name, moving });
  });
});

describe('awaitsUpload', () => {
  it.each([
    [true, pkg('held', 'submitted')],
    [true, pkg('held', 'failed')],
    [false, pkg('held', 'completed')],
    [false, pkg('released', 'completed')],
  ])('%s', (want, facts) => expect(awaitsUpload(facts)).toBe(want));
});
