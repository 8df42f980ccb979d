package plan

// Reclaimable says how many messages and notes of a record the actor has sent for a person who has a seat now. No API gives
// a message another author: they stay as they are, with the person's name in the text.
type Reclaimable struct {
	// Teammate is the id of the seat.
	Teammate string `json:"teammate"`
	Who      Person `json:"who"`
	Messages int    `json:"messages"`
}

// Reclaim lists the parts of a record that the actor has sent for people who have a seat now, in the order of the want. What
// was written before the state noted who speaks is not among them.
func Reclaim(want *Want, base *Base, w World, found func(part BasePart, teammate string, who Person)) error {
	var spoken map[[2]string]BasePart
	for _, b := range base.Parts {
		if b.As != "actor" {
			continue
		}
		if spoken == nil {
			spoken = map[[2]string]BasePart{}
		}
		spoken[[2]string{b.List, b.Key}] = b
	}
	if spoken == nil {
		return nil
	}
	for _, p := range want.Parts {
		part, ok := spoken[[2]string{p.List, p.Key}]
		if !ok {
			continue
		}
		who, _ := p.Fields["author"].(Person)
		author, err := (&resolver{w: w}).author(p.Fields["author"], true) // whether the contact spoke does not matter here
		if err != nil {
			return err
		}
		if a, _ := author.(map[string]Value); a["as"] == "teammate" {
			if id, has := a["id"].(string); has {
				found(part, id, who)
			}
		}
	}
	return nil
}

// reclaimable counts them, by person.
func reclaimable(want *Want, base *Base, w World) (out []Reclaimable, err error) {
	err = Reclaim(want, base, w, func(_ BasePart, teammate string, who Person) {
		for i := range out {
			if out[i].Teammate == teammate {
				out[i].Messages++
				return
			}
		}
		out = append(out, Reclaimable{teammate, who, 1})
	})
	return out, err
}
