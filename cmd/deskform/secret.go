package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// asker returns what asks for a secret on a terminal, without showing what is typed. Where in is none, as in a pipeline, it
// is an error: a secret does not come through a pipe that also carries answers.
func asker(ctx context.Context, in *os.File, out io.Writer) func(string) (string, error) {
	return func(question string) (string, error) {
		if !tty(in) {
			return "", errors.New("there is no terminal to ask on; set the key from the environment or from a file")
		}
		before, err := term.GetState(int(in.Fd()))
		if err != nil {
			return "", fmt.Errorf("ask on the terminal: %w", err)
		}
		fmt.Fprint(out, question)
		defer fmt.Fprintln(out)
		type typed struct {
			line []byte
			err  error
		}
		read := make(chan typed, 1)
		go func() {
			line, err := term.ReadPassword(int(in.Fd()))
			read <- typed{line, err}
		}()
		select {
		case <-ctx.Done(): // whoever is asked went away; the read ends with the process
			return "", errors.Join(ctx.Err(), term.Restore(int(in.Fd()), before))
		case got := <-read:
			if got.err != nil {
				return "", fmt.Errorf("nothing was typed on the terminal: %w", got.err)
			}
			return string(got.line), nil
		}
	}
}
