import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createClient } from './api/client';
import { ApiProvider, type Api } from './api/context';
import { type ApiProblem } from './api/problem';
import { createHooksFor, createQueryClient } from './api/query';
import { type Session, type Start } from './auth/session';
import { startI18n } from './i18n/i18n';
import type { History } from './navigation/history';
import { createHistory, loadAhead, Pages } from './router';
import { reloadOnMissingChunk } from './shell/release';
import { followSystemTheme } from './shell/theme';
import { Welcome } from './shell/Welcome';
import { useEnded } from './shell/ended';
import './styles/index.scss';

type Outcome = Exclude<Start, { kind: 'leaving' }> | { kind: 'failed'; problem: ApiProblem };

/** Shows the application, or why there is none. */
export async function show(session: Session | null, outcome: Outcome): Promise<void> {
  followSystemTheme();
  reloadOnMissingChunk();
  const started = startI18n();
  const shown = content(session, outcome);
  await started;
  const element = document.getElementById('root');
  if (!element) throw new Error('the page has no element #root');
  createRoot(element).render(<StrictMode>{shown}</StrictMode>);
}

function content(session: Session | null, outcome: Outcome) {
  if (outcome.kind === 'failed' || !session) {
    const problem = outcome.kind === 'failed' ? outcome.problem : null;
    return <Welcome reason="failed" problem={problem} signIn={() => window.location.reload()} />;
  }
  if (outcome.kind === 'signed-out') return <Welcome reason="signed-out" signIn={() => void session.leave('/')} />;
  const client = createClient(session);
  const api: Api = { session, client, hooks: createHooksFor(client), queries: createQueryClient() };
  const history = createHistory();
  // Each is needed by the first view; none waits for another.
  loadAhead(history);
  for (const path of ['/api/v5/account', '/api/v5/account/preferences'] as const) {
    void api.queries.prefetchQuery(api.hooks.queryOptions('get', path, {}));
  }
  return <Application api={api} history={history} />;
}

function Application({ api, history }: { api: Api; history: History }) {
  const ended = useEnded(api);
  if (ended) return <Welcome reason={ended.reason} signIn={() => void api.session.leave(ended.returnTo)} />;
  return (
    <ApiProvider api={api}>
      <Pages history={history} />
    </ApiProvider>
  );
}
