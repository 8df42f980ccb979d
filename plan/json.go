package plan

import "encoding/json"

// A boxed is a Value that is written and read by its canonical text.
type boxed struct{ v Value }

func (b boxed) MarshalJSON() ([]byte, error) { return Canonical(b.v), nil }

func (b *boxed) UnmarshalJSON(text []byte) (err error) {
	b.v, err = ParseValue(text)
	return err
}

func box(v Value) *boxed {
	if v == nil {
		return nil
	}
	return &boxed{v}
}

func (b *boxed) open() Value {
	if b == nil {
		return nil
	}
	return b.v
}

type plainFieldChange FieldChange

// MarshalJSON writes values by their canonical text, so that references come back as references.
func (f FieldChange) MarshalJSON() ([]byte, error) {
	p := struct {
		plainFieldChange
		Before *boxed `json:"before,omitempty"`
		After  *boxed `json:"after,omitempty"`
		Base   *boxed `json:"base,omitempty"`
	}{plainFieldChange(f), box(f.Before), box(f.After), box(f.Base)}
	return json.Marshal(p)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (f *FieldChange) UnmarshalJSON(text []byte) error {
	p := struct {
		*plainFieldChange
		Before *boxed `json:"before,omitempty"`
		After  *boxed `json:"after,omitempty"`
		Base   *boxed `json:"base,omitempty"`
	}{plainFieldChange: (*plainFieldChange)(f)}
	if err := json.Unmarshal(text, &p); err != nil {
		return err
	}
	f.Before, f.After, f.Base = p.Before.open(), p.After.open(), p.Base.open()
	return nil
}

type plainStep Step

// MarshalJSON writes the member by its canonical text.
func (s Step) MarshalJSON() ([]byte, error) {
	p := struct {
		plainStep
		Member *boxed `json:"member,omitempty"`
	}{plainStep(s), box(s.Member)}
	return json.Marshal(p)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Step) UnmarshalJSON(text []byte) error {
	p := struct {
		*plainStep
		Member *boxed `json:"member,omitempty"`
	}{plainStep: (*plainStep)(s)}
	if err := json.Unmarshal(text, &p); err != nil {
		return err
	}
	s.Member = p.Member.open()
	return nil
}
