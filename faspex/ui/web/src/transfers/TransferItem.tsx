import { Close, Pause, Play, Restart, TrashCan } from '@carbon/icons-react';
import { Button, IconButton, ProgressBar } from '@carbon/react';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from '../navigation/router';
import { ConfirmDialog } from '../components/ConfirmDialog';
import { useFormat } from '../i18n/format';
import { fromFiles } from './collect';
import { isActive, type TransferView } from './model';
import { RateGraph } from './RateGraph';
import type { Transfers } from './transfers';
import { isolate, useTransferText } from './useTransferText';

/** One transfer: how far it is, what it waits for, and what the person can do about it. */
export function TransferItem({ view, transfers }: { view: TransferView; transfers: Transfers }) {
  const { t } = useTranslation('transfers');
  const text = useTransferText();
  const { id, title, state, problem, restarted } = view;
  const status = state === 'completed' ? 'finished' : state === 'failed' ? 'error' : 'active';
  return (
    <li className="transfer" data-state={state} data-share={view.share}>
      <div className="transfer__line">
        <Link className="cds--link transfer__title" to={`/packages/sent/${encodeURIComponent(view.packageId)}`}>
          <bdi>{title}</bdi>
        </Link>
        <Controls view={view} transfers={transfers} />
      </div>
      <ProgressBar
        size="small"
        label={t('progress.label', { title: isolate(title) })}
        hideLabel
        max={1}
        value={state === 'queued' && view.share === 0 ? 0 : view.share}
        status={status}
      />
      {/* Carbon's own place for it says “Loading” or “Done” to screen readers, in English, each time that it changes. */}
      <p className="cds--progress-bar__helper-text">{text.progress(view)}</p>
      <p className="transfer__state">{text.state(view)}</p>
      {state === 'running' && <RateGraph history={view.history} />}
      {state === 'failed' && problem && (
        <div className="transfer__problem">
          <p>{text.problem(problem)}</p>
          <Button kind="tertiary" size="sm" renderIcon={Restart} onClick={() => transfers.resume(id)}>
            {t('action.retry')}
          </Button>
        </div>
      )}
      {state === 'needs-permission' && (
        <div className="transfer__problem">
          <p>{t('needs.permission')}</p>
          <Button kind="tertiary" size="sm" onClick={() => void transfers.allow(id)}>
            {t('action.allow')}
          </Button>
        </div>
      )}
      {state === 'needs-files' && <ChooseAgain view={view} transfers={transfers} />}
      {restarted.length > 0 && <Restarted paths={restarted} />}
    </li>
  );
}

function Controls({ view, transfers }: { view: TransferView; transfers: Transfers }) {
  const { t } = useTranslation('transfers');
  const [asking, setAsking] = useState(false);
  const { id, state } = view;
  const title = isolate(view.title);
  return (
    <div className="transfer__controls">
      {isActive(state) && state !== 'finishing' && (
        <IconButton kind="ghost" size="sm" label={t('action.pause', { title })} align="left" onClick={() => transfers.pause(id)}>
          <Pause />
        </IconButton>
      )}
      {state === 'paused' && (
        <IconButton kind="ghost" size="sm" label={t('action.resume', { title })} align="left" onClick={() => transfers.resume(id)}>
          <Play />
        </IconButton>
      )}
      {state === 'completed' ? (
        <IconButton kind="ghost" size="sm" label={t('action.dismiss', { title })} align="left" onClick={() => transfers.dismiss(id)}>
          <Close />
        </IconButton>
      ) : (
        <IconButton kind="ghost" size="sm" label={t('action.cancel', { title })} align="left" onClick={() => setAsking(true)}>
          <TrashCan />
        </IconButton>
      )}
      {asking && (
        <ConfirmDialog
          title={t('cancel.title')}
          confirm={t('cancel.confirm')}
          failed={t('cancel.failed')}
          danger
          run={() => Promise.resolve(transfers.cancel(id))}
          close={() => setAsking(false)}
        >
          <p>{t('cancel.text')}</p>
        </ConfirmDialog>
      )}
    </div>
  );
}

/** Lets the person choose the files once more that the browser has forgotten. */
function ChooseAgain({ view, transfers }: { view: TransferView; transfers: Transfers }) {
  const { t } = useTranslation('transfers');
  const format = useFormat();
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const take = (input: HTMLInputElement) => {
    if (input.files && input.files.length > 0) transfers.give(view.id, fromFiles(input.files).selection);
    input.value = '';
  };
  return (
    <div className="transfer__problem">
      <p>{t('needs.files', { names: format.list(view.names.map(isolate)) })}</p>
      <div className="transfer__buttons">
        <Button kind="tertiary" size="sm" onClick={() => files.current?.click()}>
          {t('action.chooseFiles')}
        </Button>
        {view.hasFolders && (
          <Button kind="tertiary" size="sm" onClick={() => folder.current?.click()}>
            {t('action.chooseFolder')}
          </Button>
        )}
      </div>
      <input ref={files} type="file" multiple hidden aria-label={t('action.chooseFiles')} onChange={(event) => take(event.target)} />
      <input
        ref={(element) => {
          folder.current = element;
          element?.setAttribute('webkitdirectory', '');
        }}
        type="file"
        hidden
        aria-label={t('action.chooseFolder')}
        onChange={(event) => take(event.target)}
      />
    </div>
  );
}

const restartedShown = 3;

function Restarted({ paths }: { paths: string[] }) {
  const { t } = useTranslation('transfers');
  return (
    <div className="transfer__note">
      <p>{t('restarted', { count: paths.length })}</p>
      <ul>
        {paths.slice(0, restartedShown).map((path) => (
          <li key={path}>
            <bdi dir="ltr">{path}</bdi>
          </li>
        ))}
      </ul>
    </div>
  );
}
