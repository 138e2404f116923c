import { Tag } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import type { Account } from '../../api/types';

const colors = { active: 'green', inactive: 'gray', locked: 'red', pending_approval: 'blue', saml_configuration_disabled: 'gray' } as const;

export function UserStatus({ account }: { account: Account }) {
  const { t } = useTranslation('admin');
  return (
    <Tag type={colors[account.status]} size="md" data-testid="status">
      {t(`users.status.${account.status}`)}
    </Tag>
  );
}
