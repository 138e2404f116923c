import { useTranslation } from 'react-i18next';
import { PageHeader } from '../components/PageHeader';
import { personName } from '../i18n/format';
import { useAccount } from '../shell/account';

/** Who the person is to others. */
export default function ProfilePage() {
  const { t } = useTranslation('account');
  const account = useAccount();
  return (
    <>
      <PageHeader title={t('profile.title')} text={t('profile.text')} />
      <dl className="facts">
        <div>
          <dt>{t('profile.name')}</dt>
          <dd>
            <bdi>{personName(account)}</bdi>
          </dd>
        </div>
        <div>
          <dt>{t('profile.login')}</dt>
          <dd>
            <bdi>{account.name}</bdi>
          </dd>
        </div>
      </dl>
    </>
  );
}
