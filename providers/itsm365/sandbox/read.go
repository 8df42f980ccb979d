package sandbox

import (
	"bytes"
	"errors"
	"io/fs"
	"strconv"
)

// searchCap is maxSearchResults of the stock settings (IT 1.5).
const searchCap = 100

func (s *Server) typeNamed(fqn string) (*typ, error) {
	if t := s.store.model.types[fqn]; t != nil {
		return t, nil
	}
	return nil, failf("Метакласс '%s' не найден", fqn)
}

// object finds what a call names, if the key sees it.
func (s *Server) object(uuid string, p Profile) (*object, error) {
	o := s.store.objects[uuid]
	if o == nil || !s.sees(p, o) {
		return nil, notFound(uuid)
	}
	return o, nil
}

func (s *Server) find(c *call) (answer, error) {
	t, err := s.typeNamed(c.arg)
	if err != nil {
		return answer{}, err
	}
	v, err := s.look(t, c)
	if err != nil {
		return answer{}, err
	}
	conds, err := c.conds()
	if err != nil {
		return answer{}, err
	}
	offset, err := c.count("offset")
	if err != nil {
		return answer{}, err
	}
	limit, err := c.count("limit")
	if err != nil {
		return answer{}, err
	}
	possible, err := s.vet(t, c.profile, conds)
	if err != nil {
		return answer{}, err
	}
	var list []*object
	if possible {
		list = s.selected(t, c.profile, conds)
		list = list[min(max(offset, 0), len(list)):]
		if limit >= 0 {
			list = list[:min(limit, len(list))]
		}
		if n := s.opt.PageCeiling; n > 0 {
			list = list[:min(n, len(list))]
		}
	}
	return s.listAnswer(list, v)
}

// listAnswer writes objects one by one: without a limit, they are all the class has (IT 1.5).
func (s *Server) listAnswer(list []*object, v view) (answer, error) {
	var b bytes.Buffer
	b.WriteByte('[')
	for i, o := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := encodeTo(&b, s.render(o, v)); err != nil {
			return answer{}, err
		}
	}
	b.WriteByte(']')
	return answer{mimeType: typeJSON, body: b.Bytes()}, nil
}

func (s *Server) get(c *call) (answer, error) {
	o, err := s.object(c.arg, c.profile)
	if err != nil {
		return answer{}, err
	}
	if o.typ.isAmong(c.profile.DenyGet) || o.typ.isAmong(s.opt.DenyGet) {
		return answer{}, notFound(c.arg)
	}
	v, err := s.look(o.typ, c)
	if err != nil {
		return answer{}, err
	}
	return jsonAnswer(s.render(o, v))
}

// search answers with UUIDs, not objects, and with a hundred at most (IT 2.3).
func (s *Server) search(c *call) (answer, error) {
	t, err := s.typeNamed(c.arg)
	if err != nil {
		return answer{}, err
	}
	conds, err := c.conds()
	if err != nil {
		return answer{}, err
	}
	possible, err := s.vet(t, c.profile, conds)
	if err != nil {
		return answer{}, err
	}
	found := []string{}
	if possible && len(conds) > 0 {
		for _, o := range s.selected(t, c.profile, nil) {
			if len(found) < searchCap && s.hit(o, conds) {
				found = append(found, o.uuid)
			}
		}
	}
	return jsonAnswer(found)
}

func (s *Server) hit(o *object, conds []cond) bool {
	for _, c := range conds {
		if !contains(s.store.value(o, c.name), c.want) {
			return false
		}
	}
	return true
}

func (s *Server) getFile(c *call) (answer, error) {
	o, err := s.object(c.arg, c.profile)
	if err != nil {
		return answer{}, err
	}
	if o.typ.fqn != "file" || s.deniesBytes(c.profile, o) {
		return answer{}, notFound(c.arg)
	}
	body, added := s.store.bytes[o.number]
	if !added {
		if s.dir == nil {
			return answer{}, failf("Содержимое файла %s не найдено", c.arg)
		}
		body, err = fs.ReadFile(s.dir, "files/"+strconv.FormatInt(o.number, 10))
		if errors.Is(err, fs.ErrNotExist) {
			return answer{}, failf("Содержимое файла %s не найдено", c.arg)
		}
		if err != nil {
			return answer{}, failf("Содержимое файла %s не прочитано", c.arg)
		}
	}
	a := answer{mimeType: "application/octet-stream", body: body, header: map[string][]string{}}
	if m := o.text("mimeType"); m != "" {
		a.mimeType = m
	}
	a.header["Content-Disposition"] = []string{disposition(o.text("title"))}
	return a, nil
}

// deniesBytes tells whether the key gets no bytes of a file.
func (s *Server) deniesBytes(p Profile, file *object) bool {
	owner := s.store.objects[file.text("source")]
	return file.typ.isAmong(p.DenyGetFile) || owner != nil && owner.typ.isAmong(p.DenyGetFile)
}

func (s *Server) checkStatus(*call) (answer, error) {
	return textAnswer("Operation completed successfully"), nil
}

// platformVersion is the one of the stand whose configuration model.txt restates.
const platformVersion = "4.12.0.7"

func (s *Server) version(*call) (answer, error) { return textAnswer(platformVersion), nil }

func (s *Server) metainfo(*call) (answer, error) {
	if s.dir != nil {
		body, err := fs.ReadFile(s.dir, "metainfo.xml")
		if err == nil {
			return answer{mimeType: "application/xml;charset=UTF-8", body: body}, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return answer{}, failf("Метаинформация не прочитана")
		}
	}
	return answer{}, failf("Метаинформация не выгружена")
}
