package engine

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"sync"

	"deskform/hcl"
	"deskform/plan"
	"deskform/state/cache"
)

// Evaluated is what the mapping made of a set's rows.
type Evaluated struct {
	Set     string         `json:"set"`
	Rows    int            `json:"rows"`
	Wants   int            `json:"wants"`
	Skipped map[string]int `json:"skipped,omitempty"`
	Broken  int            `json:"broken,omitempty"`
	// Duplicate rows of the source, kept out by duplicates = "first" or "last".
	Duplicate int `json:"duplicate,omitempty"`
	// Notes counts what the mapping noticed: unlisted values, joins that matched nothing.
	Notes map[string]int `json:"notes,omitempty"`
}

// Evaluate turns the rows of every set into wants in the cache. It sees rows and nothing live.
func (e *Engine) Evaluate(ctx context.Context) ([]Evaluated, error) {
	e.pictureCounts = sync.OnceValues(func() (map[contentHash]int64, error) { return e.countPictures(ctx) })
	var out []Evaluated
	for _, set := range e.Config.Sets {
		var ev Evaluated
		var err error
		if set.Resource {
			ev, err = e.evaluateResources(ctx, set)
		} else {
			ev, err = e.evaluateRows(ctx, set)
		}
		if err != nil {
			return out, err
		}
		out = append(out, ev)
	}
	return out, nil
}

func (e *Engine) evaluateResources(ctx context.Context, set *hcl.Set) (Evaluated, error) {
	ev := Evaluated{Set: set.Name, Rows: len(set.Resources), Wants: len(set.Resources)}
	_, err := e.Cache.PutWants(ctx, set.Name, "", func(yield func(cache.Want, error) bool) {
		for _, r := range set.Resources {
			w := r.Want
			w.Key = r.Key
			w.Problems = append(w.Problems, e.Dest.Normalize(set.Kind, &w, e.attribute)...)
			if !yield(cache.Want{Want: w}, nil) {
				return
			}
		}
	})
	return ev, err
}

func (e *Engine) evaluateRows(ctx context.Context, set *hcl.Set) (Evaluated, error) {
	ev := Evaluated{Set: set.Name, Skipped: map[string]int{}, Notes: map[string]int{}}
	e.Watch.Start("evaluate "+set.Name, 0)
	defer e.Watch.Done()
	var rows iter.Seq2[plan.Row, error]
	if strings.HasPrefix(set.Data, "inline.") {
		rows = e.Config.InlineRows(set.Data)
	} else {
		d, ok := e.data(set.Data)
		if !ok {
			return ev, fmt.Errorf("evaluate %s: data.%s is not declared", set.Name, set.Data)
		}
		counts, err := e.Cache.Counts(ctx, set.Data)
		if err != nil {
			return ev, err
		}
		ev.Broken, ev.Duplicate = counts.Broken, counts.Duplicate
		ev.Rows = counts.Broken + counts.Duplicate
		rows = e.Cache.Records(ctx, d)
	}
	type result struct {
		want  cache.Want
		notes []hcl.Note
		skip  string
		err   error
	}
	joins := &joins{e: e, ctx: ctx}
	results := ordered(ctx, rows, func(row plan.Row) result {
		res, err := set.Eval(row, joins)
		if err != nil {
			return result{err: fmt.Errorf("evaluate %s, %s: %w", set.Name, row.Pos, err)}
		}
		if res.Skip {
			return result{skip: res.SkipRule, notes: res.Notes}
		}
		res.Want.Row = row.Pos
		if err := e.seen(&res.Want); err != nil {
			return result{err: fmt.Errorf("evaluate %s: %w", set.Name, err)}
		}
		if len(e.Config.Redactions) > 0 {
			plan.SpellHTML(e.Dest, e.kinds[set.Kind], &res.Want)
		}
		plan.Redact(e.Config.Redactions, &set.Set, e.kinds[set.Kind], &res.Want, e.attribute) // before anything is held against a limit
		res.Want.Problems = append(res.Want.Problems, e.Dest.Normalize(set.Kind, &res.Want, e.attribute)...)
		return result{want: cache.Want{Want: res.Want}, notes: res.Notes}
	})
	twice, err := e.Cache.PutWants(ctx, set.Name, set.Duplicates, func(yield func(cache.Want, error) bool) {
		for r, err := range results {
			if err == nil {
				err = r.err
			}
			if err != nil {
				yield(cache.Want{}, err)
				return
			}
			ev.Rows++
			e.Watch.Step(1)
			for _, n := range r.notes {
				ev.Notes[n.Text]++
			}
			if r.skip != "" {
				ev.Skipped[r.skip]++
				continue
			}
			ev.Wants++
			if !yield(r.want, nil) {
				return
			}
		}
	})
	if err != nil {
		return ev, fmt.Errorf("evaluate %s: %w", set.Name, err)
	}
	for _, join := range set.Unmatched() {
		ev.Notes[join+" finds nothing in any row; is it the right column?"] = ev.Rows
	}
	ev.Wants -= twice
	ev.Duplicate += twice
	return ev, nil
}

// joins looks rows up in the cache.
type joins struct {
	e   *Engine
	ctx context.Context
}

func (j *joins) Row(data, key string) (plan.Row, bool, error) {
	d, ok := j.e.data(data)
	if !ok {
		return plan.Row{}, false, fmt.Errorf("data.%s is not declared", data)
	}
	return j.e.Cache.RowByKey(j.ctx, d, key)
}

func (j *joins) Rows(data, key string) ([]plan.Row, error) {
	d, ok := j.e.data(data)
	if !ok {
		return nil, fmt.Errorf("data.%s is not declared", data)
	}
	return j.e.Cache.RowsBy(j.ctx, d, key)
}

// ordered maps a sequence with as many goroutines as there are processors and yields the results in order. It holds a
// few hundred items at most.
func ordered[A, B any](ctx context.Context, in iter.Seq2[A, error], f func(A) B) iter.Seq2[B, error] {
	return func(yield func(B, error) bool) {
		type job struct {
			in  A
			out chan B
			err error
		}
		n := runtime.GOMAXPROCS(0)
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		queue := make(chan *job, 64*n)
		todo := make(chan *job, 64*n)
		go func() {
			defer close(queue)
			defer close(todo)
			for a, err := range in {
				j := &job{in: a, out: make(chan B, 1), err: err}
				select {
				case queue <- j:
				case <-ctx.Done():
					return
				}
				if err != nil {
					return
				}
				select {
				case todo <- j:
				case <-ctx.Done():
					return
				}
			}
		}()
		for range n {
			go func() {
				for j := range todo {
					j.out <- f(j.in)
				}
			}()
		}
		for j := range queue {
			if j.err != nil {
				var zero B
				yield(zero, j.err)
				return
			}
			select {
			case b := <-j.out:
				if !yield(b, nil) {
					return
				}
			case <-ctx.Done():
				var zero B
				yield(zero, ctx.Err())
				return
			}
		}
		if err := ctx.Err(); err != nil {
			var zero B
			yield(zero, err)
		}
	}
}
