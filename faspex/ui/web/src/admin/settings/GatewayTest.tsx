import { InlineNotification } from '@carbon/react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/context';
import { ApiProblem } from '../../api/problem';
import { TextField } from '../../components/form/fields';
import { SettingsForm } from '../../components/form/SettingsForm';
import type { components } from '../../api/schema';

type Outcome = components['schemas']['GatewayTest'];

/** Calls an HTTP gateway before its address is saved, and says what is wrong with it (node-140). */
export function GatewayTest({ address }: { address: unknown }) {
  const { t } = useTranslation('settings');
  const { client } = useApi();
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const test = async ({ gateway_to_test }: { gateway_to_test: string }) => {
    setOutcome(null);
    const { data } = await client.POST('/api/v5/configuration/http_gateway/test', { body: { http_gateway_url: gateway_to_test } });
    if (!data) throw new ApiProblem({ code: 'bad_answer' });
    setOutcome(data);
  };
  const [start] = useState({ gateway_to_test: typeof address === 'string' ? address : '' });
  const reached = outcome?.status === 'completed';
  return (
    <section className="section" aria-labelledby="gateway-test">
      <h2 id="gateway-test">{t('gateway.title')}</h2>
      <p className="section-text">{t('gateway.text')}</p>
      <SettingsForm values={start} save={test} saved={null} submit={t('gateway.send')} guard={false} creates>
        <TextField name="gateway_to_test" label={t('gateway.address')} code required />
      </SettingsForm>
      {outcome && (
        <InlineNotification
          kind={reached ? 'success' : 'error'}
          role="status"
          lowContrast
          hideCloseButton
          title={t(reached ? 'gateway.reached' : 'gateway.failed')}
          subtitle={reached ? t('gateway.version', { version: outcome.version }) : outcome.status_message}
          statusIconDescription={t('gateway.title')}
        />
      )}
    </section>
  );
}
