import { Close, Document, Folder } from '@carbon/icons-react';
import { IconButton, InlineLoading } from '@carbon/react';
import { useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { Choosers } from '../transfers/Choosers';
import { rootsOf } from '../transfers/selection';
import { isolate } from '../transfers/useTransferText';
import type { Chosen } from './useSelection';
import './files-field.scss';

const unreadableShown = 5;

interface FilesFieldProps {
  chosen: Chosen;
  error: string;
  /** Names of files that were chosen before a reload. */
  lost: string[];
}

/** The files of a package: chosen by a dialog, or dropped anywhere on the page. */
export function FilesField({ chosen, error, lost }: FilesFieldProps) {
  const { t } = useTranslation('send');
  const format = useFormat();
  const { selection, unreadable, reading, found } = chosen;
  const roots = useMemo(() => rootsOf(selection), [selection]);
  const list = useRef<HTMLUListElement>(null);
  const bytes = roots.reduce((sum, root) => sum + root.bytes, 0);
  const remove = (name: string, index: number) => {
    chosen.remove(name);
    requestAnimationFrame(() => {
      const next = list.current?.querySelectorAll('button')[index];
      (next ?? document.getElementById('send-choose'))?.focus();
    });
  };
  return (
    <fieldset className="files-field" aria-describedby={error ? 'files-help files-error' : 'files-help'}>
      <legend className="cds--label">{t('files.label')}</legend>
      <div className="files-field__zone" data-invalid={error !== ''}>
        <p id="files-help">{t('files.help')}</p>
        <Choosers id="send" take={chosen.take} />
      </div>
      {error && (
        <p id="files-error" className="cds--form-requirement people__error">
          {error}
        </p>
      )}
      {lost.length > 0 && roots.length === 0 && <p className="files-field__lost">{t('files.lost', { names: format.list(lost.map(isolate)) })}</p>}
      {unreadable.length > 0 && (
        <p className="files-field__lost">
          {t('files.unreadable', { count: unreadable.length, names: format.list(unreadable.slice(0, unreadableShown).map(isolate)) })}
        </p>
      )}
      <p role="status" className={roots.length > 0 || reading ? 'files-field__sum' : 'visually-hidden'}>
        {reading
          ? t('files.reading', { count: found, files: format.count(found) })
          : roots.length > 0 &&
            t('files.sum', { count: selection.files.length, files: format.count(selection.files.length), bytes: format.bytes(bytes) })}
      </p>
      {reading && <InlineLoading description="" />}
      <ul ref={list} className="files-field__list" aria-label={t('files.chosen')}>
        {roots.map(({ name, isFolder, files, bytes: size }, index) => (
          <li key={name}>
            {isFolder ? <Folder aria-label={t('files.folder')} /> : <Document aria-label={t('files.file')} />}
            <bdi dir="auto">{name}</bdi>
            <span className="files-field__size">
              {isFolder ? t('files.inside', { count: files, files: format.count(files), bytes: format.bytes(size) }) : format.bytes(size)}
            </span>
            <IconButton kind="ghost" size="sm" align="left" label={t('files.remove', { name: isolate(name) })} onClick={() => remove(name, index)}>
              <Close />
            </IconButton>
          </li>
        ))}
      </ul>
    </fieldset>
  );
}
