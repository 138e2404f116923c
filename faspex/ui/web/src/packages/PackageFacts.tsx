import { Tag } from '@carbon/react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Package, Recipient } from '../api/types';
import { personName, useFormat } from '../i18n/format';
import { PersonName } from './People';
import './package.scss';

function Fact({ name, wide = false, children }: { name: string; wide?: boolean; children: ReactNode }) {
  return (
    <div className={wide ? 'fact-wide' : ''}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function People({ name, people }: { name: string; people: readonly Recipient[] }) {
  const { t } = useTranslation('packages');
  return (
    <Fact name={name} wide>
      {people.map((recipient) => (
        <Tag key={`${recipient.recipient_type}:${recipient.id}`} type="outline" size="md">
          <bdi>{personName(recipient)}</bdi>
          {recipient.recipient_type !== 'user' && ` (${t(`fact.kind.${recipient.recipient_type}`)})`}
        </Tag>
      ))}
    </Fact>
  );
}

/** Who is told by mail of what happens to the package; nothing when nobody is. */
function Told({ name, people }: { name: string; people: Package['notified_on_upload'] }) {
  if (people.length === 0) return null;
  return (
    <Fact name={name} wide>
      {people.map((one) => (
        <Tag key={one.name} type="outline" size="md">
          <bdi>{one.name}</bdi>
        </Tag>
      ))}
    </Fact>
  );
}

/** Who sent what to whom, and when. */
export function PackageFacts({ pkg }: { pkg: Package }) {
  const { t } = useTranslation('packages');
  const format = useFormat();
  const empty = pkg.total_files === 0;
  return (
    <dl className="facts" aria-label={t('package.about')}>
      <Fact name={t('fact.from')}>
        <PersonName person={pkg.sender} />
      </Fact>
      <Fact name={t('column.size')}>{format.bytes(empty ? null : pkg.total_bytes)}</Fact>
      <Fact name={t('column.files')}>{format.count(empty ? null : pkg.total_files)}</Fact>
      <Fact name={t('fact.created')}>{format.date(pkg.created_time)}</Fact>
      {pkg.upload_completion_time && <Fact name={t('fact.uploaded')}>{format.date(pkg.upload_completion_time)}</Fact>}
      {pkg.release_date && pkg.state === 'released' && <Fact name={t('fact.released')}>{format.date(pkg.release_date)}</Fact>}
      {pkg.expiration_date && <Fact name={t('fact.expires')}>{format.date(pkg.expiration_date)}</Fact>}
      {pkg.expiration_policy !== 'none' && <Fact name={t('fact.after')}>{t(`fact.expiration.${pkg.expiration_policy}`)}</Fact>}
      {pkg.download_limit !== null && <Fact name={t('fact.limit')}>{format.count(pkg.download_limit)}</Fact>}
      {pkg.sides.includes('sent') && pkg.state === 'released' && <Fact name={t('fact.downloads')}>{format.count(pkg.completed_download_count)}</Fact>}
      <People name={t('fact.to')} people={pkg.recipients} />
      {pkg.private_recipients.length > 0 && <People name={t('fact.private')} people={pkg.private_recipients} />}
      {pkg.sides.includes('sent') && <Told name={t('fact.toldOnUpload')} people={pkg.notified_on_upload} />}
      {pkg.sides.includes('sent') && <Told name={t('fact.toldOnDownload')} people={pkg.notified_on_download} />}
      {Object.entries(pkg.metadata).map(([name, value]) => (
        <div key={name}>
          <dt>
            <bdi>{name}</bdi>
          </dt>
          <dd>
            <bdi>{typeof value === 'string' ? value : JSON.stringify(value)}</bdi>
          </dd>
        </div>
      ))}
      {pkg.note && (
        <Fact name={t('fact.note')} wide>
          <bdi>{pkg.note}</bdi>
        </Fact>
      )}
    </dl>
  );
}
