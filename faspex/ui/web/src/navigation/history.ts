// Where the tab is, and its way through the history of the browser. Every navigation within the page goes through here, so
// that a form can hold it up and each place gets its scroll position back.

export interface Location {
  /** Below the base path; begins with a slash. */
  readonly pathname: string;
  /** Empty, or begins with a question mark. */
  readonly search: string;
  readonly hash: string;
}

export interface NavigateOptions {
  /** Takes the place of the present entry of the history. */
  replace?: boolean;
  /** Leaves the page scrolled as it is. */
  preventScrollReset?: boolean;
}

/** A navigation that somebody holds up, until one of the two is called. */
export interface Held {
  stay: () => void;
  leave: () => void;
}

export interface Blocker {
  /** Whether the page must not be left for an address yet. */
  blocks: (to: Location) => boolean;
  hold: (held: Held) => void;
}

/** What the page needs of the browser; tests have one of their own. */
export type Browser = Pick<Window, 'location' | 'history' | 'addEventListener' | 'scrollTo' | 'sessionStorage'> & { readonly scrollY: number };

/** What is kept with an entry of the browser's history: a name for its scroll position, and how far it is from the first. */
interface Entry {
  key: string;
  index: number;
}

const scrollKey = 'faspex.scroll';
const mostPositions = 200;

export class History {
  private current: Location;
  private entry: Entry;
  private blocker: Blocker | null = null;
  private passing = false;
  private returning: Held | null = null;
  private scroll: number | null = null;
  private readonly positions: Map<string, number>;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly browser: Browser,
    private readonly base: string,
    /** Where an old address leads on to; null for one that is still good. */
    private readonly redirect: (pathname: string) => string | null,
  ) {
    browser.history.scrollRestoration = 'manual';
    this.positions = this.readPositions();
    const entry = entryOf(browser.history.state);
    this.entry = entry ?? { key: newKey(), index: 0 };
    this.current = this.resolve(browser.location.href);
    this.write('replaceState');
    this.scroll = this.positions.get(this.entry.key) ?? null;
    browser.addEventListener('popstate', () => this.popped());
    browser.addEventListener('pagehide', () => this.keepPositions());
  }

  get location(): Location {
    return this.current;
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The address as it stands in links. */
  href(to: string): string {
    const { pathname, search, hash } = this.resolve(this.absolute(to));
    return this.base + pathname + search + hash;
  }

  /** Goes to an address of the page: `/packages/sent`, or `?q=x` of the same path. */
  navigate(to: string, options: NavigateOptions = {}): void {
    const next = this.resolve(this.absolute(to));
    if (this.holds(next, () => this.navigate(to, options))) return;
    this.positions.set(this.entry.key, this.browser.scrollY);
    this.current = next;
    this.entry = { key: newKey(), index: this.entry.index + (options.replace ? 0 : 1) };
    this.write(options.replace ? 'replaceState' : 'pushState');
    this.scroll = options.preventScrollReset || next.hash !== '' ? null : 0;
    this.tell();
  }

  /** Asks before the page is left for another path. One form is asked, the one that was there last. */
  block(blocker: Blocker): () => void {
    this.blocker = blocker;
    return () => {
      if (this.blocker === blocker) this.blocker = null;
    };
  }

  /** Scrolls to where the place that is shown now was left, once it has been drawn. */
  restoreScroll(): void {
    if (this.scroll !== null) this.browser.scrollTo(0, this.scroll);
    this.scroll = null;
  }

  private absolute(to: string): string {
    const { pathname, search } = this.current;
    const origin = this.browser.location.origin;
    if (to.startsWith('?')) return `${origin}${this.base}${pathname}${to}`;
    if (to.startsWith('#')) return `${origin}${this.base}${pathname}${search}${to}`;
    return `${origin}${this.base}${to}`;
  }

  private resolve(href: string): Location {
    const { pathname, search, hash } = new URL(href);
    const below = pathname.startsWith(this.base) ? pathname.slice(this.base.length) : pathname;
    const path = below === '' ? '/' : below;
    return { pathname: this.redirect(path) ?? path, search, hash };
  }

  private write(how: 'pushState' | 'replaceState'): void {
    const { pathname, search, hash } = this.current;
    this.browser.history[how](this.entry, '', this.base + pathname + search + hash);
  }

  private holds(next: Location, leave: () => void): boolean {
    if (this.passing || !this.blocker?.blocks(next)) return false;
    this.blocker.hold({
      stay: () => undefined,
      leave: () => {
        this.passing = true;
        leave();
        this.passing = false;
      },
    });
    return true;
  }

  /** Back, Forward, or a fragment that was followed: the browser is already there. */
  private popped(): void {
    if (this.returning) {
      // Back at the place that is not to be left; the person is asked now.
      const held = this.returning;
      this.returning = null;
      this.blocker?.hold(held);
      return;
    }
    const next = this.resolve(this.browser.location.href);
    const known = entryOf(this.browser.history.state);
    const steps = known ? known.index - this.entry.index : 0;
    const passing = this.passing;
    this.passing = false;
    if (!passing && steps !== 0 && this.blocker?.blocks(next)) {
      const leave = () => {
        this.passing = true;
        this.browser.history.go(steps);
      };
      this.returning = { stay: () => undefined, leave };
      this.browser.history.go(-steps);
      return;
    }
    this.positions.set(this.entry.key, this.browser.scrollY);
    this.current = next;
    this.entry = known ?? { key: newKey(), index: this.entry.index + 1 };
    this.write('replaceState');
    this.scroll = known ? (this.positions.get(known.key) ?? 0) : null;
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }

  private readPositions(): Map<string, number> {
    try {
      const kept: unknown = JSON.parse(this.browser.sessionStorage.getItem(scrollKey) ?? '[]');
      return new Map(Array.isArray(kept) ? (kept as [string, number][]) : []);
    } catch {
      return new Map(); // a storage that is switched off, or what somebody else wrote
    }
  }

  private keepPositions(): void {
    this.positions.set(this.entry.key, this.browser.scrollY);
    try {
      this.browser.sessionStorage.setItem(scrollKey, JSON.stringify([...this.positions].slice(-mostPositions)));
    } catch {
      // as above
    }
  }
}

function entryOf(state: unknown): Entry | null {
  const { key, index } = (typeof state === 'object' && state !== null ? state : {}) as Partial<Entry>;
  return typeof key === 'string' && typeof index === 'number' ? { key, index } : null;
}

function newKey(): string {
  return Math.random().toString(36).slice(2, 10);
}
