import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/context';
import { useProblemText } from '../../components/ProblemNotice';
import { useToast } from '../../shell/toasts';
import type { Node } from '../types';
import { forgetNodes } from './nodes';

/** Has the server call a node, and tells how it went. */
export function useNodeTest(): (node: Node) => Promise<void> {
  const { t } = useTranslation('admin');
  const { client, queries } = useApi();
  const toast = useToast();
  const textOf = useProblemText();
  return async (node) => {
    try {
      const { data } = await client.POST('/api/v5/nodes/{id}/test', { params: { path: { id: node.id } } });
      if (data?.status === 'completed') toast({ kind: 'success', title: t('nodes.tested.reached', { name: node.name }) });
      else toast({ kind: 'error', title: t('nodes.tested.failed', { name: node.name }), text: data?.status_message ?? '' });
    } catch (error) {
      toast({ kind: 'error', title: t('nodes.tested.failed', { name: node.name }), text: textOf(error) });
    }
    forgetNodes(queries);
    void queries.invalidateQueries({ queryKey: ['admin', 'node', node.id] });
  };
}
