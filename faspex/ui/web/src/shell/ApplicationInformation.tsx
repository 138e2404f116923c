import { Modal } from '@carbon/react';
import { createPortal } from 'react-dom';
import { useTranslation } from 'react-i18next';
import { useApi } from '../api/context';
import { useAccount } from './account';

/** What support asks for: versions, who is logged in, and the browser (faspex-AE8). */
export default function ApplicationInformation({ close }: { close: () => void }) {
  const { t, i18n } = useTranslation('shell');
  const { hooks } = useApi();
  const account = useAccount();
  const version = hooks.useQuery('get', '/api/v5/version', {});
  const facts = {
    version: version.data?.version ?? '',
    server: window.location.origin,
    account: `${account.name} (${account.id}, ${account.role})`,
    language: i18n.language,
    browser: navigator.userAgent,
  };
  return createPortal(
    <Modal open passiveModal modalHeading={t('information.title')} closeButtonLabel={t('information.close')} onRequestClose={close}>
      <dl className="facts">
        {(Object.keys(facts) as (keyof typeof facts)[]).map((name) => (
          <div key={name} className="fact-wide">
            <dt>{t(`information.${name}`)}</dt>
            <dd>
              <bdi>{facts[name]}</bdi>
            </dd>
          </div>
        ))}
      </dl>
    </Modal>,
    document.body,
  );
}
