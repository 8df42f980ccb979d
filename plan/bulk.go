package plan

// A Bulk says that steps of several records of one set may go as one call. Such a step is repeatable, the last of its
// record, and needs no order among its like.
type Bulk struct {
	// Key: the steps of a set that have the same one go together.
	Key string
	// Op is the provider's name of that call ("tag_contacts"). Its step has the Payload of any of its members, and their IDs
	// as "ids"; its Result names in Members whom it has reached.
	Op string
	// Max is how many go together at most; at least 2.
	Max int
	// Reads is how many reads precede that call, and Single how many precede a step that goes alone.
	Reads, Single int
}

// Worth reports whether n steps are fewer calls together than alone, reads included.
func (b *Bulk) Worth(n int) bool { return 1+b.Reads < n*(1+b.Single) }

// Calls is how n steps of a set go: so many calls for several, so many alone. Who comes first does not matter.
func (b *Bulk) Calls(n int) (together, alone int) {
	together, alone = n/b.Max, n%b.Max
	if b.Worth(alone) {
		return together + 1, 0
	}
	return together, alone
}
