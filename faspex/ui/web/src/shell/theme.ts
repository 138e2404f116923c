/** Keeps Carbon's theme in step with what the person's system prefers, and changes with it. */
export function followSystemTheme(): void {
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const apply = () => {
    document.documentElement.classList.toggle('cds--g100', dark.matches);
    document.documentElement.classList.toggle('cds--white', !dark.matches);
  };
  apply();
  dark.addEventListener('change', apply);
}
