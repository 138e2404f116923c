// The page's router: a table of patterns, links, and the history of the browser. It does what the page needs and no more,
// since every visit pays for it (the budget of the shell: docs/page.md).

import {
  Component, createContext, type MouseEvent, type ComponentPropsWithRef, type ReactNode, startTransition, useCallback, useContext,
  useLayoutEffect, useMemo, useState,
} from 'react';
import type { Held, History, Location, NavigateOptions } from './history';
import type { Params } from './match';

export { generatePath } from './match';

export interface Match<Page> {
  page: Page;
  params: Params;
}

interface Place {
  history: History;
  location: Location;
  match: Match<unknown> | null;
}

const Context = createContext<Place | null>(null);

function usePlace(): Place {
  const place = useContext(Context);
  if (!place) throw new Error('a hook of the router outside of it');
  return place;
}

interface RouterProps<Page> {
  history: History;
  matchOf: (pathname: string) => Match<Page> | null;
  children: ReactNode;
}

/** Tells everything below where the tab is. A page whose code is not there yet leaves the one before it in its place. */
export function Router<Page>({ history, matchOf, children }: RouterProps<Page>) {
  const [location, setLocation] = useState(history.location);
  useLayoutEffect(() => {
    setLocation(history.location);
    return history.subscribe(() => startTransition(() => setLocation(history.location)));
  }, [history]);
  useLayoutEffect(() => history.restoreScroll(), [history, location]);
  const place = useMemo(() => ({ history, location, match: matchOf(location.pathname) }), [history, location, matchOf]);
  return <Context value={place}>{children}</Context>;
}

export function useLocation(): Location {
  return usePlace().location;
}

/** The line of the table that is shown, with the parameters of the address; null for an address that leads nowhere. */
export function useMatch<Page>(): Match<Page> | null {
  return usePlace().match as Match<Page> | null;
}

export function useParams(): Params {
  return usePlace().match?.params ?? {};
}

export function useNavigate(): (to: string, options?: NavigateOptions) => void {
  const { history } = usePlace();
  return useCallback((to, options) => history.navigate(to, options), [history]);
}

type Change = (current: URLSearchParams) => URLSearchParams;

export function useSearchParams(): [URLSearchParams, (change: Change, options?: NavigateOptions) => void] {
  const { history, location } = usePlace();
  const params = useMemo(() => new URLSearchParams(location.search), [location.search]);
  const change = useCallback(
    (next: Change, options?: NavigateOptions) => {
      const search = next(new URLSearchParams(history.location.search)).toString();
      history.navigate(search === '' ? history.location.pathname : `?${search}`, options);
    },
    [history],
  );
  return [params, change];
}

/** Holds up every navigation to another path while `when` is true. Gives the one that is held up. */
export function useBlocker(when: boolean): Held | null {
  const { history } = usePlace();
  const [held, setHeld] = useState<Held | null>(null);
  useLayoutEffect(() => {
    if (!when) return;
    return history.block({
      blocks: (to) => to.pathname !== history.location.pathname,
      hold: ({ stay, leave }) =>
        setHeld({
          stay: () => {
            setHeld(null);
            stay();
          },
          leave: () => {
            setHeld(null);
            leave();
          },
        }),
    });
  }, [when, history]);
  return held;
}

export interface LinkProps extends Omit<ComponentPropsWithRef<'a'>, 'href'>, Pick<NavigateOptions, 'preventScrollReset'> {
  /** An address of the page: `/packages/sent`, or `?folder=/a` of the same path. */
  to: string;
}

export function Link({ to, preventScrollReset = false, onClick, target, ...rest }: LinkProps) {
  const { history } = usePlace();
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    const elsewhere = (target !== undefined && target !== '_self') || event.metaKey || event.altKey || event.ctrlKey || event.shiftKey;
    if (event.defaultPrevented || event.button !== 0 || elsewhere) return;
    event.preventDefault();
    const { pathname, search, hash } = history.location;
    const here = history.href(to) === history.href(pathname + search + hash);
    history.navigate(to, { preventScrollReset, replace: here });
  };
  return <a {...rest} target={target} href={history.href(to)} onClick={follow} />;
}

/** A link that says whether it leads to the page that is shown, or to one above it. */
export function NavLink({ to, exact = false, ...rest }: LinkProps & { exact?: boolean }) {
  const { pathname } = useLocation();
  const current = pathname === to || (!exact && pathname.startsWith(`${to}/`));
  return <Link {...rest} to={to} aria-current={current ? 'page' : undefined} className={current ? 'active' : undefined} />;
}

interface BoundaryProps {
  /** What stands in the place of a page that failed, until the person goes elsewhere. */
  fallback: (error: unknown) => ReactNode;
  children: ReactNode;
}

/** Keeps the failure of a page from everything around it. */
export function RouteBoundary(props: BoundaryProps) {
  return <Boundary {...props} location={useLocation()} />;
}

interface BoundaryState {
  failed: { error: unknown } | null;
  location: Location;
}

class Boundary extends Component<BoundaryProps & { location: Location }, BoundaryState> {
  override state: BoundaryState = { failed: null, location: this.props.location };

  static getDerivedStateFromError(error: unknown): Partial<BoundaryState> {
    return { failed: { error } };
  }

  static getDerivedStateFromProps({ location }: { location: Location }, state: BoundaryState): Partial<BoundaryState> | null {
    return location === state.location ? null : { failed: null, location };
  }

  override render() {
    return this.state.failed ? this.props.fallback(this.state.failed.error) : this.props.children;
  }
}
