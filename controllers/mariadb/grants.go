package mariadb

import (
	"regexp"
	"slices"
	"strings"
)

// grantLine matches a line of SHOW GRANTS that gives rights on something, and roleLine one that gives a role.
var (
	grantLine = regexp.MustCompile("^GRANT (.+) ON (.+) TO [`'].*?[`']@[`'].*?[`'](.*)$")
	roleLine  = regexp.MustCompile("^GRANT ([`'][^ ]*[`']) TO ")
)

// planGrants returns the statements that turn the rights that lines (of SHOW GRANTS) list into those of a, none when
// they are the same. Where rights are only missing they are added; where there are too many, all of that object are
// taken and the wanted ones given.
func planGrants(a Account, lines []string) []string {
	wanted := map[string][]string{}
	for _, g := range a.Grants {
		wanted[Identifier(g.Pattern)+".*"] = g.Privileges
	}
	who := account(a.Name)
	var take, give []string
	for _, line := range lines {
		if m := roleLine.FindStringSubmatch(line); m != nil {
			take = append(take, "REVOKE "+m[1]+" FROM "+who)
			continue
		}
		m := grantLine.FindStringSubmatch(line)
		if m == nil {
			continue // SET DEFAULT ROLE, which goes with the role
		}
		privileges, on := m[1], m[2]
		has := strings.Split(privileges, ", ")
		grantOption := strings.Contains(m[3], "WITH GRANT OPTION")
		if grantOption {
			take = append(take, "REVOKE GRANT OPTION ON "+on+" FROM "+who)
		}
		if privileges == "USAGE" {
			continue
		}
		want, known := wanted[on]
		if slices.ContainsFunc(has, func(p string) bool { return !slices.Contains(want, p) }) {
			take = append(take, "REVOKE "+privileges+" ON "+on+" FROM "+who)
			continue // wanted[on] stays: all of it is given below
		}
		if !known {
			continue
		}
		missing := slices.DeleteFunc(slices.Clone(want), func(p string) bool { return slices.Contains(has, p) })
		delete(wanted, on)
		if len(missing) > 0 {
			give = append(give, "GRANT "+strings.Join(missing, ", ")+" ON "+on+" TO "+who)
		}
	}
	for _, g := range a.Grants {
		on := Identifier(g.Pattern) + ".*"
		if privileges, left := wanted[on]; left {
			give = append(give, "GRANT "+strings.Join(privileges, ", ")+" ON "+on+" TO "+who)
		}
	}
	return append(take, give...)
}
