import { Folder } from '@carbon/icons-react';
import { Breadcrumb, BreadcrumbItem, Button, InlineLoading, Modal, TextInput } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/context';
import { ApiProblem } from '../../api/problem';
import { useReturnedFocus } from '../../components/ConfirmDialog';
import { ProblemNotice } from '../../components/ProblemNotice';

interface FolderPickerProps {
  node: string;
  start: string;
  choose: (path: string) => void;
  close: () => void;
}

const atOnce = 1000;

function parts(path: string): { name: string; path: string }[] {
  const names = path.split('/').filter(Boolean);
  return names.map((name, index) => ({ name, path: `/${names.slice(0, index + 1).join('/')}` }));
}

/** Shows the folders of a node, and has one chosen or made. */
export function FolderPicker({ node, start, choose, close }: FolderPickerProps) {
  const { t } = useTranslation('admin');
  const shell = useTranslation('shell').t;
  const { client } = useApi();
  useReturnedFocus();
  const [path, setPath] = useState(start);
  const [name, setName] = useState('');
  const [failure, setFailure] = useState<unknown>(null);
  const heading = useRef<HTMLParagraphElement>(null);
  const query = useQuery({
    queryKey: ['admin', 'folders', node, path],
    queryFn: async ({ signal }) => {
      const { data } = await client.POST('/api/v5/nodes/{id}/browse', {
        params: { path: { id: node }, query: { limit: atOnce } },
        body: { path, sort: 'path', filters: { types: ['directory'] } },
        signal,
      });
      if (!data) throw new ApiProblem({ code: 'bad_answer' });
      return data;
    },
  });
  const open = (to: string) => {
    setPath(to);
    setFailure(null);
    heading.current?.focus();
  };
  const make = async () => {
    const made = `${path === '/' ? '' : path}/${name.trim()}`;
    setFailure(null);
    try {
      await client.POST('/api/v5/nodes/{id}/directories', { params: { path: { id: node } }, body: { path: made } });
      setName('');
      await query.refetch();
      open(made);
    } catch (error) {
      setFailure(error);
    }
  };
  const folders = query.data?.items;
  return createPortal(
    <Modal
      open
      size="sm"
      modalHeading={t('folders.title')}
      aria-label={t('folders.title')}
      closeButtonLabel={shell('action.close')}
      primaryButtonText={t('folders.choose')}
      secondaryButtonText={shell('action.cancel')}
      primaryButtonDisabled={!folders || path === '/'}
      hasScrollingContent={false}
      onRequestClose={close}
      onRequestSubmit={() => {
        choose(path);
        close();
      }}
    >
      <p ref={heading} tabIndex={-1} className="visually-hidden" role="status">
        {t('folders.in', { path })}
      </p>
      <Breadcrumb noTrailingSlash aria-label={t('folders.path')}>
        {[{ name: t('folders.top'), path: '/' }, ...parts(path)].map((part) => (
          <BreadcrumbItem key={part.path} isCurrentPage={part.path === path}>
            {part.path === path ? (
              <bdi>{part.name}</bdi>
            ) : (
              <button type="button" className="cds--link" onClick={() => open(part.path)}>
                <bdi>{part.name}</bdi>
              </button>
            )}
          </BreadcrumbItem>
        ))}
      </Breadcrumb>
      {query.error && <ProblemNotice title={t('folders.failed')} error={query.error} retry={() => void query.refetch()} />}
      {query.isPending && <InlineLoading description={t('folders.loading')} />}
      {folders && (
        <ul className="folders" aria-label={t('folders.in', { path })}>
          {folders.length === 0 && <li>{t('folders.none')}</li>}
          {folders.map((entry) => (
            <li key={entry.path}>
              <button type="button" onClick={() => open(entry.path)}>
                <Folder aria-hidden />
                <bdi>{entry.basename}</bdi>
              </button>
            </li>
          ))}
          {(query.data?.total_count ?? 0) > folders.length && <li>{t('folders.more', { count: atOnce })}</li>}
        </ul>
      )}
      {failure !== null && <ProblemNotice title={t('folders.notMade')} error={failure} />}
      <div className="field-row">
        <TextInput
          id="new-folder"
          labelText={t('folders.new')}
          dir="auto"
          maxLength={255}
          value={name}
          onChange={(event) => setName(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter') return;
            event.preventDefault(); // the dialog and the form behind it take Enter as well
            event.stopPropagation();
            if (name.trim()) void make();
          }}
        />
        <Button kind="tertiary" size="md" disabled={name.trim() === '' || name.includes('/')} onClick={() => void make()}>
          {t('folders.make')}
        </Button>
      </div>
    </Modal>,
    document.body,
  );
}
