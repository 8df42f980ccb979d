package engine

import (
	"deskform/plan"
)

// A naming finds the addresses of ids, for whoever reads a plan.
type naming struct {
	w *world
	// resources are those that this plan has decided about, by kind and id.
	resources map[string]string
	// known are answers of the state; the empty address is one too.
	known map[string]string
}

// keep bounds what is remembered of the state.
const keep = 10000

// note remembers a resource for the changes after it.
func (n *naming) note(c *plan.Change) {
	if c.Address.Resource && c.ID != "" {
		n.resources[c.Kind+" "+c.ID] = c.Address.String()
	}
}

// name puts the addresses of ids beside them.
func (n *naming) name(kind *plan.Kind, c *plan.Change) error {
	for i := range c.Fields {
		fc := &c.Fields[i]
		f, ok := kind.Field(fc.Field)
		if !ok || f.Local || f.Type != plan.TypeRef && f.Type != plan.TypeRefs && f.Type != plan.TypeTeammate {
			continue
		}
		for _, v := range []plan.Value{fc.Before, fc.After, fc.Base} {
			members, isList := v.([]plan.Value)
			if !isList {
				members = []plan.Value{v}
			}
			for _, m := range members {
				id, isID := m.(string)
				if !isID || id == "" {
					continue
				}
				addr, err := n.address(f.Refs, id)
				if err != nil {
					return err
				}
				if addr == "" {
					continue
				}
				if fc.Addresses == nil {
					fc.Addresses = map[string]string{}
				}
				fc.Addresses[id] = addr
			}
		}
	}
	return nil
}

func (n *naming) address(kinds []string, id string) (string, error) {
	for _, kind := range kinds {
		key := kind + " " + id
		if addr, ok := n.resources[key]; ok {
			return addr, nil
		}
		addr, ok := n.known[key]
		if !ok {
			owner, owned, err := n.w.Owner(kind, id)
			if err != nil {
				return "", err
			}
			if owned {
				k := n.w.e.kinds[owner.Set]
				addr = plan.Address{Set: owner.Set, Key: owner.Key, Resource: k != nil && k.Resource}.String()
			}
			if len(n.known) >= keep {
				clear(n.known)
			}
			n.known[key] = addr
		}
		if addr != "" {
			return addr, nil
		}
	}
	return "", nil
}
