import { Tag } from '@carbon/react';
import type { Package } from '../api/types';
import { packageStatus } from './status';

export function StatusTag({ pkg, progress }: { pkg: Package; progress?: number | null }) {
  const { label, color } = packageStatus(pkg);
  const percent = progress === null || progress === undefined ? '' : ` ${Math.floor(progress)}%`;
  return (
    <Tag type={color} size="md" data-testid="status">
      {label + percent}
    </Tag>
  );
}
