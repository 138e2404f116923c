import { ProgressBar } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import { useApi } from '../api/context';
import type { Package } from '../api/types';
import { numberOf, useFormat } from '../i18n/format';
import { useDuration } from '../i18n/duration';
import './progress.scss';

/** How far an upload is that runs anywhere: in this browser, in another, or by ascp. */
export function UploadProgress({ pkg }: { pkg: Package }) {
  const { t } = useTranslation('packages');
  const format = useFormat();
  const duration = useDuration();
  const { hooks } = useApi();
  const { data } = hooks.useQuery('get', '/api/v5/packages/{id}/upload_details', { params: { path: { id: pkg.id } } }, { refetchInterval: 2_000 });
  const percent = numberOf(data?.percentage_complete);
  const seconds = numberOf(data?.time_remaining);
  const moved = { moved: format.bytes(numberOf(data?.bytes_written)), total: format.bytes(numberOf(data?.bytes_total)) };
  return (
    <div className="notice">
      <ProgressBar
        label={percent === null ? t('status.uploading') : t('progress.label', { share: format.share(percent / 100) })}
        max={100}
        {...(percent === null ? {} : { value: percent })}
      />
      <p className="cds--progress-bar__helper-text">{percent === null ? '' : seconds === null ? t('progress.moved', moved) : t('progress.left', { ...moved, time: duration(seconds) })}</p>
    </div>
  );
}
