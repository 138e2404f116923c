import { Button } from '@carbon/react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from '../../navigation/router';
import { useApi } from '../../api/context';
import { ApiProblem } from '../../api/problem';
import { SettingsForm, undecided } from '../../components/form/SettingsForm';
import { PageHeader } from '../../components/PageHeader';
import { NodeFields } from './NodeFields';
import { forgetNodes, newNode, nodeChange, type NodeValues } from './nodes';
import { useTestDialog } from './TestDialog';
import '../admin.scss';

/** Adds a node, after a look at how it answers and at its certificate. */
export default function NewNodePage() {
  const { t } = useTranslation('admin');
  const { client, queries } = useApi();
  const navigate = useNavigate();
  const { dialog, ask } = useTestDialog();
  const [values] = useState(newNode);
  const save = async (typed: NodeValues) => {
    let body = nodeChange(typed);
    for (;;) {
      const { data: test } = await client.POST('/api/v5/nodes/try', { body });
      if (!test) throw new ApiProblem({ code: 'bad_answer' });
      const decision = await ask(test);
      if (decision === 'back') throw undecided;
      if (decision === 'trust') {
        body = { ...body, public_key: test.certificate?.pem ?? '' };
        continue;
      }
      // Called once more by the server: what is stored says how the node answered when it was stored.
      const { data } = await client.POST('/api/v5/nodes', { body: { ...body, test: true, proceed_anyway: decision === 'proceed' } });
      forgetNodes(queries);
      navigate(data ? `/admin/nodes-storage/${data.id}/storage` : '/admin/nodes-storage');
      return;
    }
  };
  return (
    <>
      <PageHeader title={t('nodes.new.title')} text={t('nodes.new.text')} />
      <SettingsForm<NodeValues>
        values={values}
        save={save}
        saved={t('nodes.new.saved')}
        submit={t('nodes.new.submit')}
        creates
        actions={
          <Button kind="ghost" as={Link} to="/admin/nodes-storage">
            {t('form.back')}
          </Button>
        }
      >
        <NodeFields />
      </SettingsForm>
      {dialog}
    </>
  );
}
