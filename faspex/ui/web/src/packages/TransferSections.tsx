import { Button, CodeSnippet, InlineLoading, Layer, TextArea, TextInput } from '@carbon/react';
import { type ReactNode, useState } from 'react';
import type { Box } from '../api/client';
import type { Package } from '../api/types';
import { Problem } from '../shell/Problem';
import { useApp } from '../shell/context';
import { downloadCommand, folderName, pathsOf, uploadCommand } from './ascp';

/** How a sender moves the files of this computer into the package. */
export function UploadSection({ pkg }: { pkg: Package }) {
  const { api } = useApp();
  const [text, setText] = useState('');
  const paths = pathsOf(text);
  return (
    <CommandSection
      heading="Upload the files with ascp"
      text="ascp sends files and whole folders over UDP at the speed of the link. Run the command where the files are; if the connection breaks, run it again and it goes on where it stopped."
      button="Create upload command"
      disabled={paths.length === 0}
      create={async () => uploadCommand(await api.uploadSpec(pkg.id, paths), paths)}
    >
      <TextArea
        id="upload-paths"
        labelText="Files and folders to send"
        helperText="One path on each line, as seen from the folder where you run the command."
        placeholder={'report.pdf\nfootage/day-1'}
        rows={3}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
    </CommandSection>
  );
}

/** How a recipient, or the sender, gets the files onto this computer. */
export function DownloadSection({ pkg, box }: { pkg: Package; box: Box }) {
  const { api } = useApp();
  const [folder, setFolder] = useState(folderName(pkg.title));
  return (
    <CommandSection
      heading="Download with ascp"
      text="ascp receives the whole package over UDP at the speed of the link, checks every file, and goes on where it stopped when you run it again."
      button="Create download command"
      disabled={folder.trim() === ''}
      create={async () => downloadCommand(await api.downloadSpec(pkg.id, box), folder.trim())}
    >
      <TextInput
        id="download-folder"
        labelText="Folder on your computer"
        helperText="It is created if it does not exist."
        value={folder}
        onChange={(event) => setFolder(event.target.value)}
      />
    </CommandSection>
  );
}

interface CommandSectionProps {
  heading: string;
  text: string;
  button: string;
  disabled: boolean;
  create: () => Promise<string>;
  children: ReactNode;
}

function CommandSection({ heading, text, button, disabled, create, children }: CommandSectionProps) {
  const { sessionEnded } = useApp();
  const [command, setCommand] = useState<string | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [working, setWorking] = useState(false);
  const run = async () => {
    setWorking(true);
    setError(null);
    try {
      setCommand(await create());
    } catch (reason) {
      if (!sessionEnded(reason)) setError(reason instanceof Error ? reason : new Error(String(reason)));
    } finally {
      setWorking(false);
    }
  };
  return (
    <section className="section" aria-label={heading}>
      <h2>{heading}</h2>
      <Layer className="command">
        <p className="section-text">{text}</p>
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            void run();
          }}
        >
          {children}
          <div className="actions">
            <Button type="submit" kind={command ? 'tertiary' : 'primary'} disabled={disabled || working}>
              {button}
            </Button>
            {working && <InlineLoading description="Asking the transfer node…" />}
          </div>
        </form>
        <div aria-live="polite">
          {error && <Problem title="The command could not be created." error={error} />}
          {command && (
            <>
              <CodeSnippet type="multi" feedback="Copied" aria-label={`${heading}: command`} wrapText maxCollapsedNumberOfRows={0}>
                {command}
              </CodeSnippet>
              <p className="section-text">
                The command holds a token for this package that is valid for a limited time. Do not share it.
              </p>
            </>
          )}
        </div>
      </Layer>
    </section>
  );
}
