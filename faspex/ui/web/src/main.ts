// The first script of the page. It carries neither React nor Carbon: somebody who has to log in leaves for the login form
// before any of these is loaded.

import { type Problem, problemOf } from './api/problem';
import { signedInHere } from './auth/hint';
import { Session, type Start } from './auth/session';
import { loadConfig } from './config';
import { holdStrayFiles } from './transfers/stray';

const loadApp = () => import('./App');

async function start(): Promise<void> {
  let session: Session | null = null;
  let outcome: Start | { kind: 'failed'; problem: Problem };
  // Where somebody was logged in before, the application will most likely be needed: load it meanwhile.
  if (signedInHere() || new URLSearchParams(window.location.search).has('code')) void loadApp();
  try {
    session = new Session(await loadConfig());
    outcome = await session.start();
  } catch (error) {
    outcome = { kind: 'failed', problem: problemOf(error) };
  }
  if (outcome.kind === 'leaving') return;
  const { show } = await loadApp();
  await show(session, outcome);
}

holdStrayFiles();
void start();
