package plan

// A CheckItem is something that a person turns off or on in the workspace before some sets move, since no API can.
type CheckItem struct {
	// Name is what `deskform checklist confirm` takes; List the checklist block it stands in.
	Name string `json:"item"`
	List string `json:"checklist"`
	// Off is what is turned off before, On what is turned on again afterwards. With On alone it is turned on before and stays.
	Off string `json:"off,omitempty"`
	On  string `json:"on,omitempty"`
	// Who confirms it, and Why: what a mistake does or costs.
	Who string `json:"who"`
	Why string `json:"why"`
	// NeededFor are the sets that nothing is written to while the item is open.
	NeededFor []string `json:"needed_for"`
	// Open says why it is open; empty for one that is confirmed.
	Open string `json:"open,omitempty"`
}

// Text is a hash of what a person is asked to do: a confirmation holds for that and nothing else.
func (i CheckItem) Text() string {
	return Hash(map[string]Value{"off": i.Off, "on": i.On})
}
