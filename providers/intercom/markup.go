package intercom

import "strings"

// elements are the names that begin a tag. What else stands in angle brackets is text: an address, `List<int>`, a
// placeholder. Names of elements that no mail has had for twenty years, and that people write as placeholders, are not among
// them.
var elements = wordSet(`a abbr acronym address applet area article aside audio b base basefont bdi bdo bgsound big blink blockquote body br
	button canvas caption center cite code col colgroup data datalist dd del details dfn dialog div dl dt em embed fieldset figcaption figure
	font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins kbd label legend li link main map mark
	marquee math menu menuitem meta meter nav nobr noembed noframes noscript object ol optgroup option output p param picture plaintext pre
	progress q rp rt ruby s samp script section select small source span strike strong style sub summary sup svg table tbody td template textarea
	tfoot th thead time title tr track tt u ul var video wbr xml xmp`)

// hidden are the elements whose text nobody sees in a mail; it goes with them.
var hidden = wordSet("script style iframe object noscript noembed noframes frameset")

// foreign are the elements with names of their own inside.
var foreign = wordSet("svg math")

// wordy are the elements that people write as placeholders or as words: bare, and closed nowhere, they are text. So is one of
// the hidden ones, behind which everything else would go.
var wordy = wordSet(`area aside audio base button canvas caption col data datalist details dialog embed figure frame
	input label legend link map mark menu menuitem meta meter object option output param picture progress select source
	summary template textarea time title track var video`)

// lone are the attributes that HTML has without a value.
var lone = wordSet(`allowfullscreen async autofocus autoplay border checked compact contenteditable controls default defer disabled download draggable
	hidden inert ismap itemscope loop multiple muted nohref noresize noshade novalidate nowrap open playsinline readonly required reversed
	seamless selected`)

func wordSet(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}

// A tag is one as it stands in a text. Of a comment or a declaration the name is empty.
type tag struct {
	raw, name string
	end       bool // </name>
}

// scan goes through a text tag by tag: text gets what stands between them, in which a < is a sign like any other. It stops
// when found says so.
func scan(s string, text func(string), found func(tag) bool) {
	inside := "" // a foreign element
	begin, at := 0, 0
	unclosed := false // no comment that begins from here on ends
	ends := lastEnds{}
	for {
		i := strings.IndexByte(s[at:], '<')
		if i < 0 {
			break
		}
		at += i
		comment := strings.HasPrefix(s[at:], "<!--")
		var t tag
		ok := false
		if !comment || !unclosed {
			t, ok = tagAt(s[at:], inside != "")
		}
		if ok && inside == "" && !t.end && ends.word(t) && ends.of(s, t.name) < at {
			ok = false
		}
		if !ok {
			unclosed = unclosed || comment
			at++
			continue
		}
		if begin < at {
			text(s[begin:at])
		}
		if !found(t) {
			return
		}
		switch {
		case inside == "" && foreign[t.name] && !t.end && !strings.HasSuffix(t.raw, "/>"):
			inside = t.name
		case t.end && t.name == inside:
			inside = ""
		}
		at += len(t.raw)
		begin = at
	}
	if begin < len(s) {
		text(s[begin:])
	}
}

// lastEnds are where elements are closed for the last time in a text, -1 for nowhere; each is looked for once.
type lastEnds map[string]int

// word reports whether a tag can be a word in brackets.
func (lastEnds) word(t tag) bool {
	return hidden[t.name] || wordy[t.name] && len(t.raw) == len(t.name)+2
}

func (l lastEnds) of(s, name string) int {
	at, known := l[name]
	if !known {
		at = -1
		for from := len(s); from >= 0; {
			i := strings.LastIndex(s[:from], "</")
			if i < 0 {
				break
			}
			if rest := s[i+2:]; len(rest) > len(name) && strings.EqualFold(rest[:len(name)], name) && (isSpace(rest[len(name)]) || rest[len(name)] == '>') {
				at = i
				break
			}
			from = i
		}
		l[name] = at
	}
	return at
}

// hasMarkup reports whether a text is HTML.
func hasMarkup(s string) bool {
	yes := false
	scan(s, func(string) {}, func(tag) bool { yes = true; return false })
	return yes
}

// tagAt reads the tag at the beginning of s, which begins with <. any: whatever the name.
func tagAt(s string, any bool) (tag, bool) {
	if strings.HasPrefix(s, "<!") || strings.HasPrefix(s, "<?") {
		return declaration(s)
	}
	rest := s[1:]
	t := tag{}
	if rest, t.end = strings.CutPrefix(rest, "/"); rest == "" || !isLetter(rest[0]) {
		return tag{}, false
	}
	n := strings.IndexAny(rest, " \t\n\f\r/>")
	if n < 0 {
		return tag{}, false
	}
	t.name = strings.ToLower(rest[:n])
	if !any && !elements[t.name] && !ofOffice(t.name) {
		return tag{}, false
	}
	end, ok := attributesEnd(rest[n:], any || hidden[t.name])
	if !ok {
		return tag{}, false
	}
	t.raw = s[:len(s)-len(rest)+n+end]
	return t, true
}

// ofOffice reports whether a name is one of Word's and Outlook's own: <o:p>, <v:shape>, <st1:place>.
func ofOffice(name string) bool {
	space, local, ok := strings.Cut(name, ":")
	if !ok || local == "" || strings.ContainsFunc(local, func(r rune) bool { return r < 'a' || r > 'z' }) {
		return false
	}
	switch space {
	case "o", "v", "w", "m", "x", "st1", "u1":
		return true
	}
	return false
}

// declaration reads a comment, <!doctype>, <![if]> or <?xml?>.
func declaration(s string) (tag, bool) {
	upTo := func(from int, mark string) (tag, bool) {
		i := strings.Index(s[from:], mark)
		if i < 0 {
			return tag{}, false
		}
		return tag{raw: s[:from+i+len(mark)]}, true
	}
	if strings.HasPrefix(s, "<!-->") || strings.HasPrefix(s, "<!--->") {
		return upTo(0, ">")
	}
	if strings.HasPrefix(s, "<!--") {
		t, ok := upTo(4, "-->")
		if u, also := upTo(4, "--!>"); also && (!ok || len(u.raw) < len(t.raw)) {
			return u, true
		}
		return t, ok
	}
	low := strings.ToLower(s[:min(len(s), 9)])
	for _, known := range []string{"<!doctype", "<![", "<?xml"} {
		if strings.HasPrefix(low, known) {
			return upTo(0, ">")
		}
	}
	return tag{}, false
}

// attributesEnd is where the tag ends whose attributes s begins with; loose takes anything for attributes. What stands there
// has to look like attributes: in `a <b and c> d` there is no tag. Outside of quotes another < ends the search, so that a
// text full of beginnings is read in one go.
func attributesEnd(s string, loose bool) (int, bool) {
	at := 0
	for {
		for at < len(s) && (isSpace(s[at]) || s[at] == '/') {
			at++
		}
		if at == len(s) {
			return 0, false
		}
		if s[at] == '>' {
			return at + 1, true
		}
		from := at
		for at++; at < len(s) && !isSpace(s[at]) && s[at] != '/' && s[at] != '>' && s[at] != '='; at++ {
			if s[at] == '<' {
				return 0, false
			}
		}
		name := s[from:at]
		next := at
		for next < len(s) && isSpace(s[next]) {
			next++
		}
		if next == len(s) {
			return 0, false
		}
		if s[next] != '=' {
			if !loose && !lone[strings.ToLower(name)] && !(isName(name) && strings.Contains(name, "-")) {
				return 0, false
			}
			continue
		}
		if !loose && !isName(name) {
			return 0, false
		}
		if at = valueEnd(s, next+1); at < 0 {
			return 0, false
		}
	}
}

// valueEnd is where an attribute's value ends that begins at from, or behind spaces there; -1 when it does not.
func valueEnd(s string, from int) int {
	for from < len(s) && isSpace(s[from]) {
		from++
	}
	if from == len(s) {
		return -1
	}
	if q := s[from]; q == '"' || q == '\'' {
		i := strings.IndexByte(s[from+1:], q)
		if i < 0 {
			return -1
		}
		return from + 1 + i + 1
	}
	for end := from; end < len(s) && s[end] != '<'; end++ {
		if isSpace(s[end]) || s[end] == '>' {
			return end
		}
	}
	return -1
}

func isLetter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }

func isSpace(b byte) bool { return b == ' ' || '\t' <= b && b <= '\r' && b != '\v' }

// isName reports whether s can be the name of an attribute.
func isName(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && (i == 0 && c != '_' && c != ':' || i > 0 && (c < '0' || c > '9') && !strings.ContainsRune("-_:.", rune(c))) {
			return false
		}
	}
	return s != ""
}
