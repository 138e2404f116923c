// Whether somebody logged in with this browser before. It decides what is loaded first and nothing else.

const key = 'faspex.signed-in';

export function signedInHere(): boolean {
  try {
    return localStorage.getItem(key) !== null;
  } catch {
    return false; // storage can be switched off
  }
}

export function rememberSignedIn(yes: boolean): void {
  try {
    if (yes) localStorage.setItem(key, '1');
    else localStorage.removeItem(key);
  } catch {
    // as above
  }
}
