// Addresses and the patterns of the table of routes, whose parameters are whole segments: `/packages/sent/:id`.

export type Params = Readonly<Record<string, string>>;

function segments(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '');
}

function decoded(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null; // a lone percent sign is no address of ours
  }
}

/** The parameters of a pattern in an address; null when the address is not of that pattern. */
export function matchPath(pattern: string, pathname: string): Params | null {
  const wanted = segments(pattern);
  const found = segments(pathname);
  if (wanted.length !== found.length) return null;
  const params: Record<string, string> = {};
  for (const [index, name] of wanted.entries()) {
    const value = decoded(found[index] ?? '');
    if (value === null) return null;
    if (name.startsWith(':')) params[name.slice(1)] = value;
    else if (name !== value) return null;
  }
  return params;
}

/** The line of a table that an address is of. One that names the segment goes before one that has a parameter there. */
export function bestMatch<T>(table: readonly T[], patternOf: (line: T) => string, pathname: string): { line: T; params: Params } | null {
  let best: { line: T; params: Params } | null = null;
  for (const line of table) {
    const params = matchPath(patternOf(line), pathname);
    if (params && (!best || Object.keys(params).length < Object.keys(best.params).length)) best = { line, params };
  }
  return best;
}

/** The address of a pattern with its parameters. */
export function generatePath(pattern: string, params: Params): string {
  return pattern.replace(/:([a-zA-Z]+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
}
