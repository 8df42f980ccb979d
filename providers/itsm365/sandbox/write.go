package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The writing calls exist so that a test can change data as a tenant does, and so that a client that
// calls one by mistake is caught: each is counted before anything else is looked at.

func (s *Server) create(c *call) (answer, error) {
	_, err := s.created(c)
	return textAnswer("Operation completed successfully"), err
}

func (s *Server) createM2M(c *call) (answer, error) {
	o, err := s.created(c)
	if err != nil {
		return answer{}, err
	}
	return s.shown(o, c)
}

func (s *Server) edit(c *call) (answer, error) {
	_, err := s.edited(c)
	return textAnswer("Operation completed successfully"), err
}

func (s *Server) editM2M(c *call) (answer, error) {
	o, err := s.edited(c)
	if err != nil {
		return answer{}, err
	}
	return s.shown(o, c)
}

func (s *Server) remove(c *call) (answer, error) {
	o, err := s.object(c.arg, c.profile)
	if err != nil {
		return answer{}, err
	}
	return textAnswer("Operation completed successfully"), s.store.remove(o)
}

// createMultiple answers item by item; one that fails has an error in place of the object (IT 2.4).
func (s *Server) createMultiple(c *call) (answer, error) {
	var items []map[string]any
	d := json.NewDecoder(bytes.NewReader(c.body))
	d.UseNumber()
	if err := d.Decode(&items); err != nil {
		return answer{}, failf("Тело запроса: %s", err)
	}
	made := []map[string]any{}
	for _, item := range items {
		fqn, _ := item["metaClass"].(string)
		o, err := s.make(fqn, item)
		if err != nil {
			made = append(made, map[string]any{"error": err.Error()})
			continue
		}
		made = append(made, s.render(o, view{attrs: c.attrs(), profile: c.profile}))
	}
	return jsonAnswer(made)
}

func (s *Server) addFile(c *call) (answer, error) {
	owner, err := s.object(c.arg, c.profile)
	if err != nil {
		return answer{}, err
	}
	if len(c.files) == 0 {
		return answer{}, failf("В запросе нет файла")
	}
	for _, f := range c.files {
		attrs := map[string]any{
			"metaClass": "file", "title": f.name, "mimeType": f.mimeType, "source": owner.uuid, "sourceFqn": owner.typ.fqn,
			"fileSize": json.Number(fmt.Sprint(len(f.bytes))),
		}
		if code := c.param("attrsCode"); code != "" {
			attrs["relation"] = code
		}
		o, err := s.append(attrs)
		if err != nil {
			return answer{}, err
		}
		s.store.bytes[o.number] = f.bytes
	}
	return textAnswer("Operation completed successfully"), nil
}

// refuse is for writes that are counted and not carried out.
func (s *Server) refuse(c *call) (answer, error) {
	return answer{}, failf("Операция %s недоступна", c.method)
}

func (s *Server) shown(o *object, c *call) (answer, error) {
	return jsonAnswer(s.render(o, view{attrs: c.attrs(), profile: c.profile}))
}

func (s *Server) created(c *call) (*object, error) {
	conds, err := c.conds()
	if err != nil {
		return nil, err
	}
	return s.make(c.arg, byName(conds))
}

func byName(conds []cond) map[string]any {
	attrs := map[string]any{}
	for _, c := range conds {
		attrs[c.name] = c.want
	}
	return attrs
}

// make creates an object of a class or type; a class with types needs metaClass among the attributes.
func (s *Server) make(fqn string, attrs map[string]any) (*object, error) {
	if metaClass, ok := attrs["metaClass"].(string); ok {
		fqn = metaClass
	}
	t, err := s.typeNamed(fqn)
	if err != nil {
		return nil, err
	}
	if t.parent == nil && len(t.kinds) > 0 {
		return nil, failf("Не указан тип объекта метакласса '%s'", fqn)
	}
	stored, pseudo, err := s.toStore(t, attrs)
	if err != nil {
		return nil, err
	}
	if err := checkRequired(t, stored); err != nil {
		return nil, err
	}
	stored["metaClass"] = fqn
	o, err := s.append(stored)
	if err != nil {
		return nil, err
	}
	return o, s.comment(o, pseudo)
}

func (s *Server) edited(c *call) (*object, error) {
	o, err := s.object(c.arg, c.profile)
	if err != nil {
		return nil, err
	}
	conds, err := c.conds()
	if err != nil {
		return nil, err
	}
	stored, pseudo, err := s.toStore(o.typ, byName(conds))
	if err != nil {
		return nil, err
	}
	if err := checkMove(o, stored); err != nil {
		return nil, err
	}
	if err := s.change(o, stored); err != nil {
		return nil, err
	}
	return o, s.comment(o, pseudo)
}

// toStore turns attributes of a request into those of the data directory, and takes the pseudo
// attributes (IT 2.4) out.
func (s *Server) toStore(t *typ, attrs map[string]any) (stored, pseudo map[string]any, err error) {
	stored, pseudo = map[string]any{}, map[string]any{}
	for name, v := range attrs {
		switch {
		case strings.HasPrefix(name, "@"):
			if !slices.Contains([]string{"@comment", "@commentPrivate", "@commentAuthor", "@user"}, name) {
				return nil, nil, failf("Атрибут '%s' не найден в метаклассе '%s'", name, t.fqn)
			}
			pseudo[name] = v
		case name == "metaClass" && v == t.fqn:
		case name == "UUID" || name == "metaClass" || !t.knows(name):
			return nil, nil, failf("Атрибут '%s' не найден в метаклассе '%s'", name, t.fqn)
		default:
			stored[name] = s.valueToStore(v, t.attr(name))
		}
	}
	return stored, pseudo, nil
}

// comment adds the comment of an edit.
func (s *Server) comment(o *object, pseudo map[string]any) error {
	text, ok := pseudo["@comment"]
	if !ok {
		return nil
	}
	attrs := map[string]any{"metaClass": "comment", "source": o.uuid, "text": text}
	if private, ok := pseudo["@commentPrivate"]; ok {
		attrs["private"] = s.valueToStore(private, attr{kind: "false"})
	}
	if author, ok := pseudo["@commentAuthor"]; ok {
		attrs["author"] = s.valueToStore(author, attr{kind: "link"})
	}
	_, err := s.append(attrs)
	return err
}

func (s *Server) valueToStore(v any, a attr) any {
	switch v := v.(type) {
	case map[string]any:
		if uuid, ok := v["UUID"].(string); ok && a.isLink() {
			return uuid
		}
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = s.valueToStore(e, a)
		}
		return list
	case string:
		return s.textToStore(v, a)
	}
	return v
}

// textToStore reads an instant of the server zone, and what a query pair writes for a number or a flag.
func (s *Server) textToStore(text string, a attr) any {
	if a.isText() {
		return text
	}
	for _, layout := range []string{"2006.01.02 15:04:05", "2006.01.02 15:04:05.000"} {
		if t, err := time.ParseInLocation(layout, text, s.zone); err == nil {
			return t.UTC().Format(time.RFC3339Nano)
		}
	}
	if t, err := time.Parse("2006.01.02", text); err == nil {
		return t.Format(time.DateOnly)
	}
	switch a.kind {
	case "int", "double":
		if _, ok := number(text); ok {
			return json.Number(text)
		}
	case "bool", "false":
		if text == "true" || text == "false" {
			return text == "true"
		}
	}
	return text
}
