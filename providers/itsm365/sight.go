package itsm365

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"deskform/plan"
	"deskform/providers/transport"
)

// Reader tells one key from another. Of a key of 122 random bits nothing can be found out from a part of its hash.
func (s *Source) Reader() string {
	sum := sha256.Sum256([]byte("deskform reads with " + s.key))
	return hex.EncodeToString(sum[:6])
}

// sight is what is shown of a collection at all, as far as one object and one internal one tell: a key that is given a right
// sees more of objects that did not change (IT 1.2, 2.7). What is read owner by owner is looked at in the list of the whole
// class, which a service may refuse or leave empty: then that is all there is to say.
func (s *Source) sight(ctx context.Context, d plan.Data, class string, attrs []string) (string, error) {
	if len(d.Of) == 0 {
		return strings.Join(s.shown(class, attrs), ","), nil // a sample was seen by Describe
	}
	filter := filterArg(d)
	first, err := s.glance(ctx, class, filter, attrs)
	if err != nil {
		return "", err
	}
	if classFrom(class) != "comment" || attrs != nil && !slices.Contains(attrs, "private") {
		return first, nil
	}
	filter["private"] = true
	internal, err := s.glance(ctx, class, filter, []string{"UUID"})
	return first + " internal " + internal, err
}

// shown are those of some attributes that whole objects of the class have.
func (s *Source) shown(class string, attrs []string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(attrs), func(a string) bool { return !s.attrs[class][a] })
}

// glance looks at the first object of a list.
func (s *Source) glance(ctx context.Context, class string, filter map[string]any, attrs []string) (string, error) {
	objs, err := s.find(ctx, class, filter, attrs, 0, 1)
	var he *transport.HTTPError
	switch {
	case errors.As(err, &he) && final(err) && len(attrs) > 0:
		return s.glance(ctx, class, filter, nil)
	case errors.As(err, &he) && final(err):
		return "refused", nil
	case err != nil:
		return "", err
	case len(objs) == 0:
		return "none", nil
	}
	var obj map[string]json.RawMessage
	if json.Unmarshal(objs[0], &obj) != nil {
		return "odd", nil // its row says what is wrong
	}
	return strings.Join(slices.Sorted(maps.Keys(obj)), ","), nil
}
