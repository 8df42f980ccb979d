package itsm365

import (
	"context"
	"iter"
	"sync"
)

// parallel maps a sequence with n goroutines and yields the results in order, a few ahead of its consumer at most. The first
// error of either is the last element. With one goroutine nothing is read before it is asked for.
func parallel[A, B any](ctx context.Context, n int, in iter.Seq2[A, error], f func(context.Context, A) (B, error)) iter.Seq2[B, error] {
	var none B
	if n <= 1 {
		return func(yield func(B, error) bool) {
			for a, err := range in {
				out := none
				if err == nil {
					out, err = f(ctx, a)
				}
				if !yield(out, err) || err != nil {
					return
				}
			}
		}
	}
	return func(yield func(B, error) bool) {
		type job struct {
			in   A
			out  B
			err  error
			done chan struct{}
		}
		ctx, stop := context.WithCancel(ctx)
		var all sync.WaitGroup
		defer all.Wait()
		defer stop()
		queue, todo := make(chan *job, n), make(chan *job)
		all.Go(func() {
			defer close(queue)
			defer close(todo)
			for a, err := range in {
				j := &job{in: a, err: err, done: make(chan struct{})}
				if err != nil {
					close(j.done)
				}
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
					j.err = ctx.Err()
					close(j.done)
					return
				}
			}
		})
		for range n {
			all.Go(func() {
				for j := range todo {
					j.out, j.err = f(ctx, j.in)
					close(j.done)
				}
			})
		}
		for j := range queue {
			<-j.done
			if !yield(j.out, j.err) || j.err != nil {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(none, err)
		}
	}
}
