import { Button } from '@carbon/react';
import { useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { type Collected, fromFiles, fromHandles } from './collect';
import type { Dropped } from './dropped';

interface ChoosersProps {
  /** Begins the ids of the elements. */
  id: string;
  take: (dropped: Dropped) => void;
  size?: 'sm' | 'md';
}

/**
 * The buttons that open the browser's dialogs for files and for a folder. Where the browser has handles they are taken, since
 * they outlive a reload; the inputs are there for all others.
 */
export function Choosers({ id, take, size = 'md' }: ChoosersProps) {
  const { t } = useTranslation('transfers');
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const takeInput = (input: HTMLInputElement) => {
    const chosen = [...(input.files ?? [])];
    input.value = ''; // the same file can be chosen again
    if (chosen.length > 0) take({ collected: Promise.resolve(fromFiles(chosen)), count: () => chosen.length });
  };
  const takeHandles = (handles: Promise<(FileSystemFileHandle | FileSystemDirectoryHandle)[]>, otherwise: HTMLInputElement | null) => {
    handles.then(
      (chosen) => {
        let found = 0;
        const collected: Promise<Collected> = fromHandles(chosen, (count) => (found = count));
        take({ collected, count: () => found });
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
    <div className="choosers">
      <Button id={`${id}-choose`} kind="tertiary" size={size} onClick={chooseFiles}>
        {t('choose.files')}
      </Button>
      <Button kind="tertiary" size={size} onClick={chooseFolder}>
        {t('choose.folder')}
      </Button>
      <input ref={files} id={`${id}-files`} type="file" multiple hidden aria-label={t('choose.files')} onChange={(event) => takeInput(event.target)} />
      <input
        ref={(element) => {
          folder.current = element;
          element?.setAttribute('webkitdirectory', '');
        }}
        id={`${id}-folder`}
        type="file"
        hidden
        aria-label={t('choose.folder')}
        onChange={(event) => takeInput(event.target)}
      />
    </div>
  );
}
