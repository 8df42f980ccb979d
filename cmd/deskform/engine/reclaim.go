package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"deskform/plan"
	"deskform/plan/report"
)

// ListReclaimable writes each message that the actor has sent for somebody who has a seat now, with its ids: as the last
// plan saw rows and teammates, offline; only is a set, empty for all. Intercom gives no message another author; the list is for whoever looks for one.
func (e *Engine) ListReclaimable(ctx context.Context, out io.Writer, only string, asJSON, reveal bool) error {
	w := &world{ctx: ctx, e: e, seats: map[string]string{}, ids: map[string]string{}, planned: map[string]bool{}}
	if err := e.declaredSeats(ctx, w); err != nil {
		return err
	}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	messages, records := 0, 0
	for _, set := range e.Config.Sets {
		if set.Resource || e.kinds[set.Kind].Part == nil || only != "" && set.Name != only {
			continue
		}
		wants, err := e.newDivider(ctx, set, nil)
		if err != nil {
			return err
		}
		for b, err := range e.State.Bases(ctx, set.Name) {
			if err != nil {
				return err
			}
			want, err := wants.wanted(b.Address.Key)
			if err != nil {
				return err
			}
			if want == nil {
				continue
			}
			before := messages
			var failed error
			err = plan.Reclaim(want, b, w, func(p plan.BasePart, teammate string, who plan.Person) {
				messages++
				a := b.Address
				a.List, a.Part = p.List, p.Key
				if !reveal {
					a.Key, a.Part = report.MaskKey(a.Key), report.MaskKey(a.Part)
				}
				if asJSON {
					failed = enc.Encode(map[string]any{"address": a.String(), "kind": b.Kind, "id": b.ID, "part_id": p.ID, "teammate": teammate, "who": report.MaskPerson(who, reveal)})
				} else {
					_, failed = fmt.Fprintf(out, "%s\t%s %s\tpart %s\tfor %s, seat %s\n", a, b.Kind, b.ID, p.ID, report.MaskPerson(who, reveal), teammate)
				}
			})
			if err != nil || failed != nil {
				return errors.Join(err, failed)
			}
			if messages > before {
				records++
			}
		}
	}
	if asJSON {
		return nil
	}
	_, err := fmt.Fprintf(out, "%d messages in %d records were written by the actor for people who have a seat now; Intercom gives no message another author.\n", messages, records)
	return err
}

// declaredSeats are the declared teammates, who stand for keys of the source.
func (e *Engine) declaredSeats(ctx context.Context, w *world) error {
	for want, err := range e.Cache.Wants(ctx, "teammate") {
		if err != nil {
			return err
		}
		b, err := e.State.Base(ctx, "teammate", want.Key)
		if err != nil {
			return err
		}
		if b != nil {
			w.seat(&plan.Change{ID: b.ID, Want: want.Fields})
		}
	}
	return nil
}
