import { createContext, useContext } from 'react';
import type { OwnAccount, Preferences } from '../api/types';

export interface Person {
  account: OwnAccount;
  preferences: Preferences;
}

const Context = createContext<Person | null>(null);

export const PersonProvider = Context.Provider;

/** The account of the person who is logged in. */
export function useAccount(): OwnAccount {
  return usePerson().account;
}

export function usePreferences(): Preferences {
  return usePerson().preferences;
}

function usePerson(): Person {
  const person = useContext(Context);
  if (!person) throw new Error('usePerson outside of PersonProvider');
  return person;
}
