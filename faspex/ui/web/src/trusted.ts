/** What browsers that demand trusted types take: scripts of the page's own origin, and documents for frames in which nothing runs. */
interface Policy {
  createHTML(text: string): unknown;
  createScriptURL(url: string): unknown;
}

interface Factory {
  createPolicy(name: string, rules: { createHTML: (text: string) => string; createScriptURL: (url: string) => string }): Policy;
}

const rules = {
  createHTML: (text: string) => text,
  createScriptURL: (url: string) => {
    const resolved = new URL(url, location.href);
    if (resolved.origin !== location.origin) throw new TypeError(`a script of another origin: ${resolved.origin}`);
    return resolved.href;
  },
};

// The name stands in the policy that the server sends (faspex/ui/server.go).
const policy: Policy = (globalThis as { trustedTypes?: Factory }).trustedTypes?.createPolicy('faspex', rules) ?? rules;

/** The address of a script of the page's own origin, for a worker. */
export function ownScript(url: string): string {
  return policy.createScriptURL(url) as string;
}

/** Shows a document in a frame, in which nothing runs. */
export function showStill(frame: HTMLIFrameElement, html: string): void {
  if (frame.getAttribute('sandbox') !== '') throw new TypeError('a document is shown in a frame that lets it run');
  frame.srcdoc = policy.createHTML(html) as string;
}
