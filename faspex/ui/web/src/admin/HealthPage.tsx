import { Button, StructuredListBody, StructuredListCell, StructuredListHead, StructuredListRow, StructuredListWrapper, Tag } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import { Link } from '../navigation/router';
import { useApi } from '../api/context';
import { PageHeader } from '../components/PageHeader';
import { ProblemNotice } from '../components/ProblemNotice';
import { nothing } from '../i18n/format';
import { NodeStatus } from './nodes/NodeTags';
import { useNodeTest } from './nodes/useNodeTest';
import './admin.scss';
import './configuration.scss';

/** Whether the parts of the product answer. */
export default function HealthPage() {
  const { t } = useTranslation('admin');
  const { hooks } = useApi();
  const core = hooks.useQuery('get', '/health', {}, { refetchInterval: 30_000 });
  const version = hooks.useQuery('get', '/api/v5/version');
  const nodes = hooks.useQuery('get', '/api/v5/nodes', { params: { query: { limit: 1000 } } });
  const test = useNodeTest();
  return (
    <>
      <PageHeader title={t('health.title')} text={t('health.text')} />
      <dl className="admin-facts">
        <div>
          <dt>{t('health.core')}</dt>
          <dd>
            <Tag type={core.data?.core.connected ? 'green' : core.error ? 'red' : 'gray'} size="md">
              {t(core.data?.core.connected ? 'health.answers' : core.error ? 'health.silent' : 'health.asking')}
            </Tag>
          </dd>
        </div>
        <div>
          <dt>{t('health.version')}</dt>
          <dd className="admin-code">
            <bdi>{version.data?.version ?? nothing}</bdi>
          </dd>
        </div>
      </dl>
      {core.error && <ProblemNotice title={t('health.coreFailed')} error={core.error} retry={() => void core.refetch()} />}
      <section className="section" aria-labelledby="health-nodes">
        <h2 id="health-nodes">{t('nodes.title')}</h2>
        {nodes.error && <ProblemNotice title={t('health.nodesFailed')} error={nodes.error} retry={() => void nodes.refetch()} />}
        {nodes.data?.nodes.length === 0 && <p className="section-text">{t('nodes.empty.text')}</p>}
        {nodes.data && nodes.data.nodes.length > 0 && (
          <StructuredListWrapper aria-labelledby="health-nodes" isCondensed>
            <StructuredListHead>
              <StructuredListRow head>
                <StructuredListCell head>{t('nodes.column.name')}</StructuredListCell>
                <StructuredListCell head>{t('nodes.column.status')}</StructuredListCell>
                <StructuredListCell head>{t('health.lastFailure')}</StructuredListCell>
                <StructuredListCell head>{t('health.action')}</StructuredListCell>
              </StructuredListRow>
            </StructuredListHead>
            <StructuredListBody>
              {nodes.data.nodes.map((node) => (
                <StructuredListRow key={node.id}>
                  <StructuredListCell>
                    <Link className="cds--link" to={`/admin/nodes-storage/${node.id}/profile`}>
                      <bdi>{node.name}</bdi>
                    </Link>
                  </StructuredListCell>
                  <StructuredListCell>
                    <NodeStatus node={node} />
                  </StructuredListCell>
                  <StructuredListCell>
                    <bdi>{node.status_message || nothing}</bdi>
                  </StructuredListCell>
                  <StructuredListCell>
                    <Button kind="ghost" size="sm" aria-label={t('nodes.action.testOne', { name: node.name })} onClick={() => void test(node)}>
                      {t('nodes.action.test')}
                    </Button>
                  </StructuredListCell>
                </StructuredListRow>
              ))}
            </StructuredListBody>
          </StructuredListWrapper>
        )}
      </section>
    </>
  );
}
