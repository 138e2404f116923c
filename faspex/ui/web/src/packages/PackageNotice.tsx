import { InlineNotification } from '@carbon/react';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import type { Package } from '../api/types';
import '../components/notice.scss';
import { useFormat } from '../i18n/format';
import { useAccount } from '../shell/account';
import { packageStatus, type StatusName } from './status';

// It belongs to the transfers, of which a package that waits for nothing needs none.
const AddFiles = lazy(() => import('../transfers/AddFiles'));

type Kind = 'info' | 'warning' | 'error';

const told: Partial<Record<StatusName, Kind>> = { waiting: 'info', paused: 'info', failed: 'error', held: 'info', scheduled: 'info', expired: 'info', deleted: 'info' };

/** What the package waits for, or what went wrong, and the next step. */
export function PackageNotice({ pkg }: { pkg: Package }) {
  const { t } = useTranslation('packages');
  const format = useFormat();
  const { gateway_url: gateway } = useAccount();
  const { name } = packageStatus(pkg);
  const kind = told[name];
  const mine = pkg.actions.includes('upload');
  const text = () => {
    switch (name) {
      case 'waiting':
      case 'paused':
        return mine ? t(gateway === null ? 'notice.ascpOnly' : 'notice.addFiles') : t('notice.waitingText');
      case 'failed':
        return pkg.error_desc || t('notice.failedText');
      case 'scheduled':
        return pkg.release_date ? t('notice.scheduledFor', { date: format.date(pkg.release_date) }) : t('notice.noDate');
      case 'held':
        return t('notice.noDate');
      default:
        return '';
    }
  };
  return (
    <>
      {kind && (
        <InlineNotification
          className="notice"
          kind={kind}
          role="status"
          lowContrast
          hideCloseButton
          title={t(`notice.${name as 'waiting'}`)}
          subtitle={text()}
          statusIconDescription={t(`kind.${kind}`, { ns: 'shell' })}
        />
      )}
      {pkg.files_on_server === 'false' && (
        <InlineNotification
          className="notice"
          kind="error"
          role="status"
          lowContrast
          hideCloseButton
          title={t('notice.lost')}
          subtitle={t('notice.lostText')}
          statusIconDescription={t('kind.error', { ns: 'shell' })}
        />
      )}
      {mine && (
        <Suspense fallback={null}>
          <AddFiles pkg={pkg} />
        </Suspense>
      )}
    </>
  );
}
