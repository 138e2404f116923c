import { Tag } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import type { Node } from '../types';

/** Whether the last call to a node succeeded. */
export function NodeStatus({ node }: { node: Node }) {
  const { t } = useTranslation('admin');
  const [key, color] = node.status === 'completed' ? (['reached', 'green'] as const) : node.status === 'failed' ? (['failed', 'red'] as const) : (['unknown', 'gray'] as const);
  return (
    <Tag type={color} size="md" data-testid="status">
      {t(`nodes.status.${key}`)}
    </Tag>
  );
}

export function DefaultInboxTag() {
  const { t } = useTranslation('admin');
  return (
    <Tag type="blue" size="md">
      {t('storage.default')}
    </Tag>
  );
}
