package policy

// List is a distribution list as an actor meets it.
type List struct {
	Global bool
	Own    bool
}

// SeesList reports whether an actor with permissions sees a list and may send to it: the own ones, and everybody's with
// the permission.
func SeesList(a Actor, p Permissions, l List) bool {
	return l.Own || l.Global && (p.GlobalLists || May(a, WriteConfiguration))
}

// CanChangeList answers why an actor may not make, change or delete a list that it sees.
func CanChangeList(a Actor, l List) error {
	if l.Global && !May(a, WriteConfiguration) {
		return forbidden("forbidden", "Only an admin makes and changes lists for everybody.")
	}
	return nil
}
