import { Button } from '@carbon/react';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from '../../navigation/router';
import { useApi } from '../../api/context';
import { ApiProblem } from '../../api/problem';
import { undecided } from '../../components/form/SettingsForm';
import type { Node } from '../types';
import { type Fields, VersionedForm } from '../versioned';
import { DeleteNode } from './DeleteNode';
import { NodeFields } from './NodeFields';
import { NodeFrame, type NodeQuery, useNode } from './NodeFrame';
import { forgetNodes, needsTest, nodeChange, nodeValues, type NodeValues } from './nodes';
import { useTestDialog } from './TestDialog';
import { useNodeTest } from './useNodeTest';

/** How a node is reached. */
export default function NodePage() {
  const { t } = useTranslation('admin');
  const query = useNode();
  const test = useNodeTest();
  const node = query.data?.thing;
  return (
    <NodeFrame
      query={query}
      title={t('nodes.one.title')}
      actions={
        node && (
          <Button kind="tertiary" onClick={() => void test(node)}>
            {t('nodes.action.test')}
          </Button>
        )
      }
    >
      {(found) => <NodeSettings key={found.id} query={query} node={found} />}
    </NodeFrame>
  );
}

function NodeSettings({ query, node }: { query: NodeQuery; node: Node }) {
  const { t } = useTranslation('admin');
  const { client, queries } = useApi();
  const navigate = useNavigate();
  const { dialog, ask } = useTestDialog();
  const [deleting, setDeleting] = useState(false);
  const values = useMemo(() => nodeValues(node), [node]);
  const path = { id: node.id };
  const store = async (changed: Partial<NodeValues>, etag: string) => {
    let body = nodeChange(changed);
    const header = { 'If-Match': etag };
    if (!needsTest(changed)) return client.PUT('/api/v5/nodes/{id}', { params: { path, header }, body });
    for (;;) {
      const { data: test } = await client.POST('/api/v5/nodes/{id}/try', { params: { path }, body });
      if (!test) throw new ApiProblem({ code: 'bad_answer' });
      const decision = await ask(test);
      if (decision === 'back') throw undecided;
      if (decision !== 'trust') {
        return client.PUT('/api/v5/nodes/{id}', { params: { path, header }, body: { ...body, test: true, proceed_anyway: decision === 'proceed' } });
      }
      body = { ...body, public_key: test.certificate?.pem ?? '' };
    }
  };
  const onOff = (value: boolean) => t(value ? 'value.on' : 'value.off');
  const fields: Fields<NodeValues> = {
    name: { label: t('nodes.field.name') },
    node_type: { label: t('nodes.field.node_type'), show: (type) => t(`nodes.type.${type}`) },
    host: { label: t('nodes.field.host') },
    api_port: { label: t('nodes.field.api_port') },
    api_username: { label: t('nodes.field.api_username') },
    api_password: { label: t('nodes.field.api_password') },
    use_ssl: { label: t('nodes.field.use_ssl'), show: onOff },
    verify_ssl: { label: t('nodes.field.verify_ssl'), show: onOff },
    public_key: { label: t('nodes.field.public_key') },
    connection_timeout: { label: t('nodes.field.connection_timeout') },
    enable_secondary_transfer_address: { label: t('nodes.field.enable_secondary_transfer_address'), show: onOff },
    primary_transfer_address: { label: t('nodes.field.primary_transfer_address') },
    secondary_transfer_address: { label: t('nodes.field.secondary_transfer_address') },
    requester_address_match: { label: t('nodes.field.requester_address_match') },
    browser_address_match: { label: t('nodes.field.browser_address_match') },
  };
  return (
    <>
      {node.status === 'failed' && node.status_message && <p className="section-text">{t('nodes.one.lastFailure', { message: node.status_message })}</p>}
      <VersionedForm<Node, NodeValues> query={query} values={values} fields={fields} store={store} saved={t('nodes.one.saved')} forget={['api_password']} after={() => forgetNodes(queries)}>
        <NodeFields stored />
      </VersionedForm>
      <section className="section" aria-labelledby="node-remove">
        <h2 id="node-remove">{t('nodes.remove.title')}</h2>
        <p className="section-text">{t('nodes.remove.text')}</p>
        <Button kind="danger--tertiary" onClick={() => setDeleting(true)}>
          {t('nodes.action.delete')}
        </Button>
      </section>
      {dialog}
      {deleting && <DeleteNode node={node} done={() => navigate('/admin/nodes-storage')} close={() => setDeleting(false)} />}
    </>
  );
}
