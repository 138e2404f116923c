import { useSyncExternalStore } from 'react';

// The colours follow what the person's system prefers, until the person chooses others for this session (faspex-AE1).

type Theme = 'light' | 'dark';

const key = 'faspex.theme';
const dark = window.matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();

function chosen(): Theme | null {
  const kept = sessionStorage.getItem(key);
  return kept === 'light' || kept === 'dark' ? kept : null;
}

function current(): Theme {
  return chosen() ?? (dark.matches ? 'dark' : 'light');
}

function apply(): void {
  const isDark = current() === 'dark';
  document.documentElement.classList.toggle('cds--g100', isDark);
  document.documentElement.classList.toggle('cds--white', !isDark);
  for (const listener of listeners) listener();
}

/** Keeps Carbon's theme in step with what the person's system prefers, and changes with it. */
export function followSystemTheme(): void {
  apply();
  dark.addEventListener('change', apply);
}

/** Chooses other colours than those of now, until the session ends. */
export function switchTheme(): void {
  sessionStorage.setItem(key, current() === 'dark' ? 'light' : 'dark');
  apply();
}

/** The next session begins with the system's colours. */
export function forgetTheme(): void {
  sessionStorage.removeItem(key);
}

/** The colours of now. */
export function useTheme(): Theme {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, current);
}
