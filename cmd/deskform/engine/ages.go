package engine

import (
	"context"
	"fmt"
	"time"

	"deskform/state/planfile"
)

// ages are when the oldest rows of each data block were read from a service.
func (e *Engine) ages(ctx context.Context) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	for _, d := range e.Config.Data {
		if _, file := d.Args["file"]; file {
			continue
		}
		oldest, err := e.Cache.Oldest(ctx, d.Address())
		if err != nil {
			return nil, fmt.Errorf("read the age of data.%s: %w", d.Address(), err)
		}
		if !oldest.IsZero() {
			out[d.Address()] = oldest
		}
	}
	return out, nil
}

// outdated refuses a plan that was made of rows which are older by now than their max_age: it says what of them should be in
// Intercom, and that may have changed. Of a plan that does not say when they were read it is taken that this was when it was
// made. A rehearsal's hours pass in seconds, and its source does not change.
func (e *Engine) outdated(h planfile.Header) error {
	if e.Intercom != nil && e.ITSM365 != nil {
		return nil
	}
	var reasons []string
	for _, d := range e.Config.Data {
		if _, file := d.Args["file"]; file || d.MaxAge == 0 {
			continue
		}
		at, ok := h.Read[d.Address()]
		if !ok && h.Read == nil {
			at, ok = h.Created, true
		}
		if age := e.Clock.Now().Sub(at); ok && age > d.MaxAge {
			reasons = append(reasons, fmt.Sprintf("data.%s: rows of it were read %s ago and max_age is %s; plan again, which reads again what is too old", d.Address(), ageText(age, d.MaxAge), d.MaxAge))
		}
	}
	if len(reasons) > 0 {
		return &RefusedError{reasons}
	}
	return nil
}

// ageText is an age above a bound, in minutes from an hour on and in seconds below, and more exact where it would not show
// that it is above.
func ageText(age, bound time.Duration) string {
	for _, unit := range []time.Duration{time.Minute, time.Second} {
		if short := age.Round(unit); short > bound && (unit == time.Second || age >= time.Hour) {
			return short.String()
		}
	}
	return age.String()
}
