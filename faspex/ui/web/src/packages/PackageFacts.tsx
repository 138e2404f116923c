import { Tag } from '@carbon/react';
import type { ReactNode } from 'react';
import type { Package } from '../api/types';
import { formatBytes, formatCount, formatDate, personName } from './format';

function Fact({ name, wide = false, children }: { name: string; wide?: boolean; children: ReactNode }) {
  return (
    <div className={wide ? 'fact-wide' : ''}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Who sent what to whom, and when. */
export function PackageFacts({ pkg }: { pkg: Package }) {
  const note = pkg.note ?? pkg.message;
  return (
    <dl className="facts" aria-label="About this package">
      <Fact name="From">{personName(pkg.sender)}</Fact>
      <Fact name="Size">{formatBytes(pkg.total_bytes)}</Fact>
      <Fact name="Files">{formatCount(pkg.total_files)}</Fact>
      <Fact name="Created">{formatDate(pkg.created_time)}</Fact>
      {pkg.upload_completion_time && <Fact name="Uploaded">{formatDate(pkg.upload_completion_time)}</Fact>}
      {pkg.expiration_date && <Fact name="Expires">{formatDate(pkg.expiration_date)}</Fact>}
      <Fact name="To" wide>
        {(pkg.recipients ?? []).map((recipient) => (
          <Tag key={`${recipient.recipient_type}:${recipient.name}`} type="outline" size="md">
            {personName(recipient)}
          </Tag>
        ))}
      </Fact>
      {note && (
        <Fact name="Note" wide>
          {note}
        </Fact>
      )}
    </dl>
  );
}
