import { ChevronDown, ChevronUp } from '@carbon/icons-react';
import { Button } from '@carbon/react';
import { useEffect, useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useApi } from '../api/context';
import { useFormat } from '../i18n/format';
import { Announcer } from './Announcer';
import { DropAnywhere } from './DropAnywhere';
import { isActive, type TransferView } from './model';
import { TransferItem } from './TransferItem';
import type { Transfers } from './transfers';
import { useTransferViews, useTransfers } from './useTransfers';
import './transfer-panel.scss';

/** The transfers of the person, in a corner of every page. It is not there while there are none. */
export default function TransferPanel() {
  const transfers = useTransfers();
  const views = useTransferViews(transfers);
  useRefreshedPackages(views);
  return (
    <>
      <DropAnywhere />
      <Announcer views={views} />
      {transfers && views.length > 0 && <Panel views={views} transfers={transfers} />}
    </>
  );
}

function Panel({ views, transfers }: { views: readonly TransferView[]; transfers: Transfers }) {
  const { t } = useTranslation('transfers');
  const [open, setOpen] = useState(true);
  const list = useId();
  const completed = views.filter(({ state }) => state === 'completed');
  return (
    <section className="transfer-panel" aria-label={t('panel.title')}>
      <h2 className="transfer-panel__heading">
        <button type="button" aria-expanded={open} aria-controls={list} onClick={() => setOpen(!open)}>
          <span className="transfer-panel__title">{t('panel.title')}</span>
          <span className="transfer-panel__summary">
            <Summary views={views} />
          </span>
          {open ? <ChevronDown /> : <ChevronUp />}
        </button>
      </h2>
      <div id={list} hidden={!open} className="transfer-panel__body" tabIndex={-1}>
        <ul className="transfer-panel__list">
          {[...views].reverse().map((view) => (
            <TransferItem key={view.id} view={view} transfers={transfers} />
          ))}
        </ul>
        {completed.length > 1 && (
          <Button kind="ghost" size="sm" onClick={() => completed.forEach(({ id }) => transfers.dismiss(id))}>
            {t('action.dismissAll')}
          </Button>
        )}
      </div>
    </section>
  );
}

/** How things stand in a few words. */
function Summary({ views }: { views: readonly TransferView[] }) {
  const { t } = useTranslation('transfers');
  const format = useFormat();
  const active = views.filter(({ state }) => isActive(state));
  const waiting = views.filter(({ state }) => state === 'failed' || state === 'needs-files' || state === 'needs-permission');
  if (waiting.length > 0) return t('panel.needYou', { count: waiting.length });
  if (active.length === 0) {
    const paused = views.filter(({ state }) => state === 'paused').length;
    return paused > 0 ? t('panel.paused', { count: paused }) : t('panel.done');
  }
  const bytes = active.reduce((sum, view) => sum + view.bytes, 0);
  const sent = active.reduce((sum, view) => sum + view.sent, 0);
  return t('panel.sending', { count: active.length, share: format.share(bytes > 0 ? Math.min(0.99, sent / bytes) : 0) });
}

/** Has lists and packages read again when an upload begins or ends. */
function useRefreshedPackages(views: readonly TransferView[]): void {
  const { queries } = useApi();
  const seen = useRef(new Map<string, string>());
  useEffect(() => {
    const changed = views.some(({ id, state }) => seen.current.get(id) !== state && (state === 'completed' || state === 'running'));
    const first = seen.current.size === 0;
    seen.current = new Map(views.map(({ id, state }) => [id, state]));
    if (changed && !first) void queries.invalidateQueries();
  }, [views, queries]);
}
