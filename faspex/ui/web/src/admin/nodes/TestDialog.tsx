import { InlineNotification, Modal } from '@carbon/react';
import { useState } from 'react';
import { createPortal } from 'react-dom';
import { useTranslation } from 'react-i18next';
import { useReturnedFocus } from '../../components/ConfirmDialog';
import { useFormat } from '../../i18n/format';
import type { Certificate, NodeTest } from '../types';

/** What the person decided about a node that was tried. */
export type Decision = 'save' | 'proceed' | 'trust' | 'back';

interface Asked {
  test: NodeTest;
  decide: (decision: Decision) => void;
}

/** Asks what to do with a node that was tried. Render `dialog`; `ask` resolves to the decision. */
export function useTestDialog(): { dialog: React.ReactNode; ask: (test: NodeTest) => Promise<Decision> } {
  const [asked, setAsked] = useState<Asked | null>(null);
  const ask = (test: NodeTest) =>
    new Promise<Decision>((resolve) =>
      setAsked({
        test,
        decide: (decision) => {
          setAsked(null);
          resolve(decision);
        },
      }),
    );
  return { dialog: asked && <TestDialog {...asked} />, ask };
}

function TestDialog({ test, decide }: Asked) {
  const { t } = useTranslation('admin');
  const shell = useTranslation('shell').t;
  useReturnedFocus();
  const reached = test.status === 'completed';
  const { certificate } = test;
  // A certificate that was compared and is stored is what makes a node of one's own trusted.
  const trustable = !reached && certificate !== undefined && !certificate.trusted;
  return createPortal(
    <Modal
      open
      size="sm"
      danger={!reached && !trustable}
      modalHeading={t(reached ? 'nodes.test.reached' : 'nodes.test.failed')}
      aria-label={t(reached ? 'nodes.test.reached' : 'nodes.test.failed')}
      closeButtonLabel={shell('action.close')}
      primaryButtonText={t(reached ? 'nodes.test.save' : trustable ? 'nodes.test.trust' : 'nodes.test.proceed')}
      {...(trustable
        ? {
            secondaryButtons: [
              { buttonText: t('nodes.test.back'), onClick: () => decide('back') },
              { buttonText: t('nodes.test.proceed'), onClick: () => decide('proceed') },
            ] as [{ buttonText: string; onClick: () => void }, { buttonText: string; onClick: () => void }],
          }
        : { secondaryButtonText: t('nodes.test.back') })}
      onRequestClose={() => decide('back')}
      onRequestSubmit={() => decide(reached ? 'save' : trustable ? 'trust' : 'proceed')}
    >
      <div className="dialog-form">
        <InlineNotification
          kind={reached ? 'success' : 'error'}
          role="status"
          lowContrast
          hideCloseButton
          title={reached ? t('nodes.test.reachedText') : test.status_message}
          statusIconDescription={shell(reached ? 'kind.success' : 'kind.error')}
        />
        {certificate && <CertificateFacts certificate={certificate} />}
        {trustable && <p>{t('nodes.test.trustText')}</p>}
        {!reached && <p>{t('nodes.test.proceedText')}</p>}
      </div>
    </Modal>,
    document.body,
  );
}

/** What a node shows of itself, to be compared with what its administrator says. */
export function CertificateFacts({ certificate }: { certificate: Certificate }) {
  const { t } = useTranslation('admin');
  const format = useFormat();
  const facts: [string, string, boolean][] = [
    [t('certificate.fingerprint'), certificate.fingerprint, true],
    [t('certificate.subject'), certificate.subject, true],
    [t('certificate.issuer'), certificate.issuer, true],
    [t('certificate.names'), certificate.names.join(', '), true],
    [t('certificate.valid'), t('certificate.validText', { from: format.day(certificate.not_before), to: format.day(certificate.not_after) }), false],
    [t('certificate.trusted'), t(certificate.trusted ? 'certificate.yes' : 'certificate.no'), false],
  ];
  return (
    <dl className="admin-facts" aria-label={t('certificate.title')}>
      {facts.map(([name, value, code]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className={code ? 'admin-code' : ''}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
