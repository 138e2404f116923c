import { describe, expect, it } from 'vitest';
import { type Browser, type Held, History } from './history';

/** As much of a browser as a history needs; Back and Forward are done at once. */
class FakeBrowser {
  readonly entries: { url: string; state: unknown }[] = [];
  at = 0;
  scrollY = 0;
  scrolled: number[] = [];
  listeners: Record<string, (() => void)[]> = {};
  kept: Record<string, string> = {};

  constructor(url: string) {
    this.entries.push({ url, state: null });
  }
  get location() {
    return new URL(this.entries[this.at]?.url ?? '');
  }
  get history() {
    const put = (replace: boolean) => (state: unknown, _: string, url: string) => {
      const entry = { url: new URL(url, this.location).href, state };
      if (!replace) this.entries.splice(++this.at);
      this.entries[this.at] = entry;
    };
    return { state: this.entries[this.at]?.state, pushState: put(false), replaceState: put(true), go: (steps: number) => this.go(steps), scrollRestoration: 'auto' };
  }
  get sessionStorage() {
    return { getItem: (key: string) => this.kept[key] ?? null, setItem: (key: string, value: string) => (this.kept[key] = value) };
  }
  go(steps: number) {
    this.at += steps;
    this.fire('popstate');
  }
  fire(type: string) {
    this.listeners[type]?.forEach((listener) => listener());
  }
  addEventListener(type: string, listener: () => void) {
    (this.listeners[type] ??= []).push(listener);
  }
  scrollTo(_: number, y: number) {
    this.scrolled.push(y);
    this.scrollY = y;
  }
}

function historyAt(path: string, browser = new FakeBrowser(`https://host/base${path}`)) {
  const history = new History(browser as unknown as Browser, '/base', (pathname) => (pathname === '/old' ? '/new' : null));
  const drawn = () => history.restoreScroll();
  history.subscribe(drawn);
  drawn();
  return { history, browser };
}

describe('History', () => {
  it('goes to paths and to queries of the same path, and back', () => {
    const { history, browser } = historyAt('/a');
    history.navigate('/b?x=1');
    history.navigate('?x=2', { replace: true });
    expect(browser.location.href).toBe('https://host/base/b?x=2');
    browser.go(-1);
    expect(history.location).toEqual({ pathname: '/a', search: '', hash: '' });
  });

  it('leads on from an old address, with its query', () => {
    const { history, browser } = historyAt('/old?q=1');
    expect(history.location.pathname).toBe('/new');
    expect(browser.location.href).toBe('https://host/base/new?q=1');
    expect(history.href('/old')).toBe('/base/new');
  });

  it('begins at the top of a new page, and where it was left after Back and after a reload', () => {
    const { history, browser } = historyAt('/a');
    browser.scrollY = 500;
    history.navigate('/b');
    expect(browser.scrollY).toBe(0);
    history.navigate('?q=x', { preventScrollReset: true });
    browser.go(-2);
    expect(browser.scrollY).toBe(500);
    browser.fire('pagehide');
    browser.scrollY = 0;
    historyAt('', browser);
    expect(browser.scrollY).toBe(500);
  });

  it('holds up a link until the person leaves', () => {
    const { history } = historyAt('/form');
    const held: Held[] = [];
    const stop = history.block({ blocks: (to) => to.pathname !== '/form', hold: (each) => held.push(each) });
    history.navigate('?tab=2');
    history.navigate('/b');
    expect([history.location.pathname, held.length]).toEqual(['/form', 1]);
    held[0]?.leave();
    expect(history.location.pathname).toBe('/b');
    stop();
  });

  it('holds up Back until the person leaves', () => {
    const { history, browser } = historyAt('/a');
    history.navigate('/form');
    const held: Held[] = [];
    history.block({ blocks: (to) => to.pathname !== '/form', hold: (each) => held.push(each) });
    browser.go(-1);
    expect([browser.location.pathname, history.location.pathname, held.length]).toEqual(['/base/form', '/form', 1]);
    held[0]?.leave();
    expect([browser.location.pathname, history.location.pathname, held.length]).toEqual(['/base/a', '/a', 1]);
  });
});
