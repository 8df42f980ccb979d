package itsm365

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"deskform/plan"
	"deskform/providers/transport"
)

// Reader tells one key from another. Of a key of 122 random bits nothing can be found out from a part of its hash.
func (s *Source) Reader() string {
	sum := sha256.Sum256([]byte("deskform reads with " + s.key))
	return hex.EncodeToString(sum[:6])
}

// Sight looks at the first object of the whole class, and at its first internal one: rights are checked object by object, and a
// key that is given one sees more of objects that did not change (IT 1.2, 2.7). A service may refuse such a list, not manage
// it, or leave it empty: then there is nothing to say, and nothing fails.
func (s *Source) Sight(ctx context.Context, d plan.Data) (plan.Sight, error) {
	var out plan.Sight
	class, err := classArg(d)
	if err != nil {
		return out, err
	}
	attrs, err := s.attrsOf(ctx, d, class)
	if err != nil {
		return out, err
	}
	filter := filterArg(d)
	first, ok, err := s.glance(ctx, class, filter, attrs)
	if err != nil || !ok {
		return out, err
	}
	out.Known, out.Empty, out.Attrs = true, first == nil, slices.Sorted(maps.Keys(first))
	out.Objects = glimpsed(out.Objects, d, first)
	if classFrom(class) != "comment" || attrs != nil && !slices.Contains(attrs, "private") {
		return out, nil
	}
	filter["private"] = true
	internal, ok, err := s.glance(ctx, class, filter, []string{"UUID", d.By})
	out.NoneInternal = ok && internal == nil
	out.Objects = glimpsed(out.Objects, d, internal)
	return out, err
}

// glimpsed adds an object and whose it is.
func glimpsed(list []plan.Glimpse, d plan.Data, obj map[string]json.RawMessage) []plan.Glimpse {
	var g plan.Glimpse
	var link struct{ UUID string }
	if json.Unmarshal(obj["UUID"], &g.UUID) != nil || g.UUID == "" {
		return list
	}
	if json.Unmarshal(obj[d.By], &link) == nil {
		g.Owner = link.UUID
	} else if json.Unmarshal(obj[d.By], &g.Owner) != nil {
		return list
	}
	return append(list, g)
}

// glance looks at the first object of a list; nil where there is none. ok is false when nobody can tell. It is one call, which is
// not repeated: nothing depends on it.
func (s *Source) glance(ctx context.Context, class string, filter map[string]any, attrs []string) (obj map[string]json.RawMessage, ok bool, err error) {
	objs, err := s.find(hastily(ctx), class, filter, attrs, 0, 1)
	switch {
	case ctx.Err() != nil || errors.Is(err, ErrKey):
		return nil, false, err
	case err != nil && len(attrs) > 2: // it may be about one of them
		return s.glance(ctx, class, filter, nil)
	case err != nil:
		return nil, false, nil
	case len(objs) == 0:
		return nil, true, nil
	}
	return obj, json.Unmarshal(objs[0], &obj) == nil, nil
}

// shown are those of some attributes that whole objects of the class have.
func (s *Source) shown(class string, attrs []string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(attrs), func(a string) bool { return !s.attrs[class][a] })
}

type hastyKey struct{}

// hastily returns a context in which calls are made once.
func hastily(ctx context.Context) context.Context { return context.WithValue(ctx, hastyKey{}, true) }

// client is the one for the calls of a context.
func (s *Source) client(ctx context.Context) *transport.Client {
	if ctx.Value(hastyKey{}) == nil {
		return s.http
	}
	c := *s.http
	c.Retries = 0
	return &c
}
