// Keeps the browser from leaving the page for a file that is dropped before the application is there to take it.

function isFile(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes('Files') ?? false;
}

/** Must be called by the first script of the page. */
export function holdStrayFiles(): void {
  for (const type of ['dragover', 'drop'] as const) {
    window.addEventListener(type, (event) => {
      if (isFile(event)) event.preventDefault();
    });
  }
}
