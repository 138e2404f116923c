package browser_test

import (
	"encoding/json"
	"os"
)

// checkPage fails on what keeps people out: what axe finds, no landmark, no or several headings, a page wider than the
// window, and requests to elsewhere (page-89, page-101).
func (b *tab) checkPage(where string) {
	b.t.Helper()
	for what, expression := range map[string]string{
		"a title":          `document.title.endsWith(' – Faspex') && document.title.length > 9`,
		"one main part":    `document.querySelectorAll('main').length === 1`,
		"one h1":           `document.querySelectorAll('h1').length === 1`,
		"no overflow":      `document.documentElement.scrollWidth <= window.innerWidth`,
		"nothing external": `performance.getEntriesByType('resource').every(e => e.name.startsWith(location.origin))`,
	} {
		b.until(where+" has "+what, expression) // a page follows a new size a moment later
	}
	b.axe(where)
}

// axe fails on each finding of axe-core on the page as it is shown.
func (b *tab) axe(where string) {
	b.t.Helper()
	if !value[bool](b, `'axe' in window`) {
		source, err := os.ReadFile("../../faspex/ui/web/node_modules/axe-core/axe.min.js")
		if err != nil {
			b.t.Fatal(err)
		}
		value[any](b, string(source)+"; null")
	}
	// Transitions would be seen in their middle.
	findings := value[string](b, `(async () => {
		await Promise.all(document.getAnimations().filter(a => a.effect?.getComputedTiming().iterations !== Infinity).map(a => a.finished.catch(() => 0)));
		const {violations} = await axe.run(document, {resultTypes: ['violations']});
		return JSON.stringify(violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.map(n => n.html.slice(0, 300) + ' ' + n.failureSummary)})));
	})()`)
	var list []struct {
		ID, Help string
		Nodes    []string
	}
	if err := json.Unmarshal([]byte(findings), &list); err != nil {
		b.t.Fatal(err)
	}
	for _, f := range list {
		b.t.Errorf("%s: axe finds %s: %s", where, f.ID, f.Help)
		for _, node := range f.Nodes {
			b.t.Logf("  %.600s", node)
		}
	}
}
