// A tab that was opened before an update asks for files that the new version does not have. Loading the page anew, at the
// address that the person went to, brings the new version. A second failure in a row is not the update's doing and is shown.

const key = 'faspex.reloaded';
const again = 10_000;

export function reloadOnMissingChunk(): void {
  window.addEventListener('vite:preloadError', () => {
    const last = Number(sessionStorage.getItem(key) ?? 0);
    if (Date.now() - last < again) return;
    sessionStorage.setItem(key, String(Date.now()));
    window.location.reload();
  });
}
