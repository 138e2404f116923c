import { Button, Select, SelectItem } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from '../navigation/router';
import { useApi } from '../api/context';
import { type ListControl, useListState } from '../components/listState';
import { PageHeader } from '../components/PageHeader';
import { ProblemNotice } from '../components/ProblemNotice';
import { useSavedSort, useSaveSort } from '../components/savedSort';
import { usePreferences } from '../shell/account';
import { type GroupBox, groupBoxes, useGroupBox } from './boxes';
import { listOptions, listQuery, NewPackageButton, PackageListView } from './PackageListView';

/** The packages of one workgroup or shared inbox. */
export default function GroupBoxPage() {
  const { group = '' } = useParams();
  const box = useGroupBox();
  return <PackagesOfGroup key={`${box}/${group}`} box={box} id={group} />;
}

function PackagesOfGroup({ box, id }: { box: GroupBox; id: string }) {
  const { t } = useTranslation('packages');
  const { hooks } = useApi();
  const { rows_per_page: size } = usePreferences();
  const sort = useSavedSort(box, '-created');
  const control = useListState({ size, sort, filters: ['status', 'history'] });
  useSaveSort(box, control.sort, sort);
  const group = hooks.useQuery('get', groupBoxes[box].group, { params: { path: { id } } });
  const query = hooks.useQuery(
    'get',
    groupBoxes[box].list,
    { params: { path: { id }, query: { ...listQuery(control), ...(control.filters['history'] ? { view_history: true } : {}) } } },
    listOptions,
  );
  const title = group.data?.name ?? t(`group.${box}.title`);
  const actions = (
    <>
      <NewPackageButton />
      {group.data?.user_can_manage && (
        <Button kind="tertiary" as={Link} to={`/packages/${box}/${encodeURIComponent(id)}/manage`}>
          {t('group.manage')}
        </Button>
      )}
    </>
  );
  return (
    <>
      <PageHeader title={title} isolated={group.data !== undefined} text={t(`group.${box}.text`)} actions={actions} />
      {group.error ? (
        <ProblemNotice title={t('group.failed')} error={group.error} retry={() => void group.refetch()} />
      ) : (
        <PackageListView
          label={t(`group.${box}.title`)}
          address={`/packages/${box}/${encodeURIComponent(id)}`}
          people="both"
          control={control}
          query={query}
          empty={{ title: t('group.empty'), text: t('group.emptyText') }}
          filters={<HistoryFilter control={control} />}
        />
      )}
    </>
  );
}

/** Whether what was archived or has expired is listed as well. */
function HistoryFilter({ control }: { control: ListControl }) {
  const { t } = useTranslation('packages');
  const { history, ...others } = control.filters;
  return (
    <Select
      id="history-filter"
      labelText={t('group.history.label')}
      size="lg"
      className="data-list__filter"
      value={history ?? ''}
      onChange={(event) => control.change({ filters: event.target.value ? { ...others, history: event.target.value } : others })}
    >
      <SelectItem value="" text={t('group.history.present')} />
      <SelectItem value="all" text={t('group.history.all')} />
    </Select>
  );
}
