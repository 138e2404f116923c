import { Pagination } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { type ListControl, pageSizes } from './listState';

/** The pages of a list; nothing when all rows are shown and no smaller pages can be chosen. */
export function ListPager({ control, total }: { control: ListControl; total: number }) {
  const { t } = useTranslation('shell');
  const format = useFormat();
  if (total <= (pageSizes[0] as number)) return null;
  return (
    <Pagination
      page={control.page}
      pageSize={control.size}
      pageSizes={pageSizes}
      totalItems={total}
      itemsPerPageText={t('list.page.size')}
      itemRangeText={(from, to) => t('list.page.range', { from: format.count(from), to: format.count(to), total: format.count(total) })}
      pageRangeText={(_page, count) => t('list.page.of', { count, pages: format.count(count) })}
      pageText={(page) => `${t('list.page.number')} ${page}`}
      forwardText={t('list.page.next')}
      backwardText={t('list.page.previous')}
      pageSelectLabelText={() => t('list.page.number')}
      onChange={({ page, pageSize }) => control.change(pageSize === control.size ? { page } : { size: pageSize })}
    />
  );
}
