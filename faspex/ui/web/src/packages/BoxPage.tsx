import { useTranslation } from 'react-i18next';
import { useApi } from '../api/context';
import { useListState } from '../components/listState';
import { PageHeader } from '../components/PageHeader';
import { useSavedSort, useSaveSort } from '../components/savedSort';
import { usePreferences } from '../shell/account';
import { type Box, boxes, useBox } from './boxes';
import { listOptions, listQuery, NewPackageButton, PackageListView } from './PackageListView';

/** A list of packages. */
export default function BoxPage() {
  const box = useBox();
  return <PackagesOf key={box} box={box} />;
}

function PackagesOf({ box }: { box: Box }) {
  const { t } = useTranslation('packages');
  const { hooks } = useApi();
  const { rows_per_page: size } = usePreferences();
  const sort = useSavedSort(box, '-created');
  const control = useListState({ size, sort, filters: ['status'] });
  useSaveSort(box, control.sort, sort);
  const { list, people } = boxes[box];
  const query = hooks.useQuery('get', list, { params: { query: listQuery(control) } }, listOptions);
  return (
    <>
      <PageHeader title={t(`box.${box}.title`)} text={t(`box.${box}.text`)} actions={<NewPackageButton />} />
      <PackageListView
        label={t(`box.${box}.title`)}
        address={`/packages/${box}`}
        people={people}
        control={control}
        query={query}
        empty={{ title: t(`box.${box}.empty`), text: t(`box.${box}.emptyText`) }}
      />
    </>
  );
}
