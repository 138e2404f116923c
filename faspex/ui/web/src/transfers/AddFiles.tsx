import { InlineLoading } from '@carbon/react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Package } from '../api/types';
import { useToast } from '../shell/toasts';
import { Choosers } from './Choosers';
import type { Dropped } from './dropped';
import { useTransfers, useTransferViews } from './useTransfers';

/** Chooses files of this computer for a package that waits for them, and sends them. Absent without a gateway. */
export default function AddFiles({ pkg }: { pkg: Package }) {
  const { t } = useTranslation('transfers');
  const toast = useToast();
  const transfers = useTransfers();
  const views = useTransferViews(transfers);
  const [reading, setReading] = useState(false);
  const isSending = views.some(({ packageId, state }) => packageId === pkg.id && state !== 'completed');
  if (!transfers || isSending) return null;
  const take = async ({ collected }: Dropped) => {
    setReading(true);
    try {
      const { selection } = await collected;
      if (selection.files.length + selection.folders.length > 0) await transfers.add(pkg.id, pkg.title, selection);
    } catch {
      toast({ kind: 'error', title: t('problem.storage') });
    } finally {
      setReading(false);
    }
  };
  return (
    <div className="add-files">
      <Choosers id="add" take={(dropped) => void take(dropped)} />
      {reading && <InlineLoading description={t('choose.reading')} />}
    </div>
  );
}
