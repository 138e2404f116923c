import { Accordion, AccordionItem } from '@carbon/react';
import { useWatch } from 'react-hook-form';
import { useTranslation } from 'react-i18next';
import { NumberField, PasswordField, SelectField, TextAreaField, TextField, ToggleField } from '../../components/form/fields';
import type { NodeValues } from './nodes';

/** The fields of a node. `stored` tells that there is a password already. */
export function NodeFields({ stored = false }: { stored?: boolean }) {
  const { t } = useTranslation('admin');
  const { use_ssl: ssl, verify_ssl: verify } = useWatch<NodeValues>() as NodeValues;
  const tooLong = { maxLength: { value: 255, message: t('form.tooLong') } };
  return (
    <>
      <TextField name="name" label={t('nodes.field.name')} required rules={tooLong} />
      <SelectField
        name="node_type"
        label={t('nodes.field.node_type')}
        choices={[
          { value: 'gen4_node', text: t('nodes.type.gen4_node') },
          { value: 'gen4_cluster', text: t('nodes.type.gen4_cluster') },
        ]}
      />
      <TextField
        name="host"
        label={t('nodes.field.host')}
        help={t('nodes.field.hostHelp')}
        code
        required
        rules={{ ...tooLong, pattern: { value: /^[^\s_/@]+$/, message: t('nodes.field.hostInvalid') } }}
      />
      <NumberField name="api_port" label={t('nodes.field.api_port')} min={1} max={65535} required />
      <TextField name="api_username" label={t('nodes.field.api_username')} help={t('nodes.field.api_usernameHelp')} code required rules={tooLong} />
      <PasswordField
        name="api_password"
        label={t('nodes.field.api_password')}
        {...(stored ? { help: t('nodes.field.passwordStored') } : {})}
        autoComplete="new-password"
        required={!stored}
      />
      <ToggleField name="use_ssl" label={t('nodes.field.use_ssl')} {...(ssl ? {} : { help: t('nodes.field.noSsl') })} />
      {ssl && <ToggleField name="verify_ssl" label={t('nodes.field.verify_ssl')} {...(verify ? {} : { help: t('nodes.field.noVerify') })} />}
      {ssl && verify && <TextAreaField name="public_key" label={t('nodes.field.public_key')} help={t('nodes.field.public_keyHelp')} code rows={5} />}
      <Accordion align="start">
        <AccordionItem title={t('nodes.more')}>
          <div className="dialog-form">
            <NumberField name="connection_timeout" label={t('nodes.field.connection_timeout')} min={1} max={600} required />
            <ToggleField name="enable_secondary_transfer_address" label={t('nodes.field.enable_secondary_transfer_address')} />
            <TextField name="primary_transfer_address" label={t('nodes.field.primary_transfer_address')} code rules={tooLong} />
            <TextField name="secondary_transfer_address" label={t('nodes.field.secondary_transfer_address')} code rules={tooLong} />
            <TextField name="requester_address_match" label={t('nodes.field.requester_address_match')} help={t('nodes.field.requester_address_matchHelp')} code rules={tooLong} />
            <TextField name="browser_address_match" label={t('nodes.field.browser_address_match')} help={t('nodes.field.browser_address_matchHelp')} code rules={tooLong} />
          </div>
        </AccordionItem>
      </Accordion>
    </>
  );
}
