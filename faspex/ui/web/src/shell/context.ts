import { createContext, useContext } from 'react';
import type { Api } from '../api/client';
import type { Account } from '../api/types';

export interface AppContext {
  api: Api;
  account: Account | null;
  signOut: () => void;
  /** Shows the sign-in page when the error means that the session has ended; says whether it did. */
  sessionEnded: (error: unknown) => boolean;
}

const Context = createContext<AppContext | null>(null);

export const AppProvider = Context.Provider;

export function useApp(): AppContext {
  const value = useContext(Context);
  if (!value) throw new Error('useApp outside of AppProvider');
  return value;
}
