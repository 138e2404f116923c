import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { NavLink, useParams } from '../../navigation/router';
import { useApi } from '../../api/context';
import { PageHeader } from '../../components/PageHeader';
import { ProblemNotice } from '../../components/ProblemNotice';
import { PageSkeleton } from '../../shell/PageSkeleton';
import type { Node } from '../types';
import { useVersioned } from '../versioned';
import { NodeStatus } from './NodeTags';
import '../admin.scss';

export type NodeQuery = ReturnType<typeof useVersioned<Node>>;

/** The node that the address names. */
export function useNode(): NodeQuery {
  const { id = '' } = useParams();
  const { client } = useApi();
  return useVersioned(['node', id], (signal) => client.GET('/api/v5/nodes/{id}', { params: { path: { id } }, signal }));
}

interface NodeFrameProps {
  query: NodeQuery;
  /** Title of the part that is shown. */
  title: string;
  actions?: ReactNode;
  children: (node: Node) => ReactNode;
}

/** The header of a node's pages, with the way between them. */
export function NodeFrame({ query, title, actions, children }: NodeFrameProps) {
  const { t } = useTranslation('admin');
  const node = query.data?.thing;
  if (!node) {
    return (
      <>
        <PageHeader title={title} />
        {query.error ? <ProblemNotice title={t('nodes.one.failed')} error={query.error} retry={() => void query.refetch()} /> : <PageSkeleton />}
      </>
    );
  }
  return (
    <>
      <PageHeader title={node.name} isolated beside={<NodeStatus node={node} />} actions={actions} />
      <nav className="subnav" aria-label={t('nodes.parts')}>
        <NavLink to={`/admin/nodes-storage/${node.id}/profile`}>{t('nodes.one.title')}</NavLink>
        <NavLink to={`/admin/nodes-storage/${node.id}/storage`}>{t('storage.title')}</NavLink>
      </nav>
      {children(node)}
    </>
  );
}
