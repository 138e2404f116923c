import { Close, Document, Folder } from '@carbon/icons-react';
import { Button, IconButton, InlineLoading } from '@carbon/react';
import { useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { type Collected, fromFiles, fromHandles } from '../transfers/collect';
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
      (next ?? document.getElementById('choose-files'))?.focus();
    });
  };
  return (
    <fieldset className="files-field" aria-describedby={error ? 'files-help files-error' : 'files-help'}>
      <legend className="cds--label">{t('files.label')}</legend>
      <div className="files-field__zone" data-invalid={error !== ''}>
        <p id="files-help">{t('files.help')}</p>
        <Choosers take={(collected, count) => chosen.take({ collected, count })} />
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

/**
 * The buttons that open the browser's dialogs. Where the browser has handles they are taken, since they outlive a reload; the
 * inputs are there for all others.
 */
function Choosers({ take }: { take: (collected: Promise<Collected>, count: () => number) => void }) {
  const { t } = useTranslation('send');
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const takeInput = (input: HTMLInputElement) => {
    const chosen = [...(input.files ?? [])];
    input.value = ''; // the same file can be chosen again
    if (chosen.length > 0) take(Promise.resolve(fromFiles(chosen)), () => chosen.length);
  };
  const takeHandles = (handles: Promise<(FileSystemFileHandle | FileSystemDirectoryHandle)[]>, otherwise: HTMLInputElement | null) => {
    handles.then(
      (chosen) => {
        let found = 0;
        take(fromHandles(chosen, (count) => (found = count)), () => found);
      },
      (error: unknown) => {
        // Closing the dialog is no failure; a policy that forbids it leaves the old way.
        if (!(error instanceof DOMException && error.name === 'AbortError')) otherwise?.click();
      },
    );
  };
  const chooseFiles = () => {
    if (window.showOpenFilePicker) takeHandles(window.showOpenFilePicker({ multiple: true }), files.current);
    else files.current?.click();
  };
  const chooseFolder = () => {
    if (window.showDirectoryPicker) takeHandles(window.showDirectoryPicker({ mode: 'read' }).then((handle) => [handle]), folder.current);
    else folder.current?.click();
  };
  return (
    <div className="files-field__buttons">
      <Button id="choose-files" kind="tertiary" size="md" onClick={chooseFiles}>
        {t('files.chooseFiles')}
      </Button>
      <Button kind="tertiary" size="md" onClick={chooseFolder}>
        {t('files.chooseFolder')}
      </Button>
      <input ref={files} id="files" type="file" multiple hidden aria-label={t('files.chooseFiles')} onChange={(event) => takeInput(event.target)} />
      <input
        ref={(element) => {
          folder.current = element;
          element?.setAttribute('webkitdirectory', '');
        }}
        id="folder"
        type="file"
        hidden
        aria-label={t('files.chooseFolder')}
        onChange={(event) => takeInput(event.target)}
      />
    </div>
  );
}
