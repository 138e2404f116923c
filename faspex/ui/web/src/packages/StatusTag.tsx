import { Tag } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import type { Package } from '../api/types';
import { packageStatus } from './status';

export function StatusTag({ pkg }: { pkg: Package }) {
  const { t } = useTranslation('packages');
  const { name, color } = packageStatus(pkg);
  return (
    <Tag type={color} size="md" data-testid="status">
      {t(`status.${name}`)}
    </Tag>
  );
}
