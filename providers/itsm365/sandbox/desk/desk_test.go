package desk_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"image/png"
	"io"
	"io/fs"
	"math"
	"net/http"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"deskform/providers/itsm365/sandbox"
	"deskform/providers/itsm365/sandbox/desk"
)

// sums are the checksums of all files by name.
func sums(t *testing.T, tickets int, seed uint64) map[string]string {
	t.Helper()
	d := made(t, tickets, seed)
	all := map[string]string{}
	err := fs.WalkDir(d, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		f, err := d.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		h := sha256.New()
		_, err = io.Copy(h, f)
		all[path] = fmt.Sprintf("%x", h.Sum(nil))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func made(t testing.TB, tickets int, seed uint64) *desk.Desk {
	t.Helper()
	d, err := desk.New(tickets, seed)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSameSeedSameBytes(t *testing.T) {
	first, again, other := sums(t, 400, 7), sums(t, 400, 7), sums(t, 400, 8)
	if len(first) < 60 {
		t.Fatalf("only %d files", len(first))
	}
	for name, sum := range first {
		if again[name] != sum {
			t.Errorf("%s: two runs differ", name)
		}
	}
	for _, name := range []string{"serviceCall", "comment", "employee", "file", "objectBase", "problem", "workRecord"} {
		if name += ".jsonl"; other[name] == first[name] || other[name] == "" {
			t.Errorf("%s is the same with another seed", name)
		}
	}
}

func TestFolder(t *testing.T) {
	if err := fstest.TestFS(made(t, 40, 1), "serviceCall.jsonl", "comment.jsonl", "catalogs.jsonl", "files"); err != nil {
		t.Error(err)
	}
}

func TestSizes(t *testing.T) {
	for _, n := range []int{1, 2, 151, 301, 1000} {
		s, err := sandbox.New(sandbox.Options{FS: made(t, n, 3)})
		if err != nil {
			t.Errorf("%d tickets: %v", n, err)
		} else if got := s.Stats().Objects["serviceCall"]; got != n {
			t.Errorf("%d tickets, want %d", got, n)
		} else if n == 1000 {
			var dump strings.Builder
			if err := s.Dump(&dump); err != nil {
				t.Fatal(err)
			}
			for _, state := range []string{"registered", "inprogress", "waitClientAnswer", "resolved", "resumed", "deferred", "closed"} {
				if !regexp.MustCompile(`"metaClass":"serviceCall[^\n]*"state":"` + state + `"`).MatchString(dump.String()) {
					t.Errorf("no ticket of 1,000 is %s", state)
				}
			}
		}
	}
	for _, n := range []int{0, -1, desk.MaxTickets + 1} {
		if _, err := desk.New(n, 1); err == nil {
			t.Errorf("%d tickets were made", n)
		}
	}
}

// A tenant is a desk as the sandbox serves it. Everything below counts what it answers.
type tenant struct {
	t      *testing.T
	server *sandbox.Server
	client *http.Client
}

const size = 4000

var served = sync.OnceValues(func() (*sandbox.Server, error) {
	d, err := desk.New(size, 5)
	if err != nil {
		return nil, err
	}
	return sandbox.New(sandbox.Options{FS: d, ServerZone: "UTC", Keys: map[string]sandbox.Profile{"key": {}}})
})

func open(t *testing.T) *tenant {
	t.Helper()
	s, err := served()
	if err != nil {
		t.Fatal(err)
	}
	return &tenant{t, s, &http.Client{Transport: s.RoundTripper()}}
}

func (n *tenant) get(path string) []byte {
	n.t.Helper()
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	res, err := n.client.Get("http://desk/sd/services/rest/" + path + sep + "accessKey=key")
	if err != nil {
		n.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		n.t.Fatalf("%s: %d %s %v", path, res.StatusCode, text, err)
	}
	return text
}

type row map[string]any

func (r row) text(name string) string { s, _ := r[name].(string); return s }

func (r row) list(name string) []any { l, _ := r[name].([]any); return l }

// link is the UUID that a link leads to.
func (r row) link(name string) string {
	m, _ := r[name].(map[string]any)
	return row(m).text("UUID")
}

func (r row) code(name string) string {
	m, _ := r[name].(map[string]any)
	return row(m).text("code")
}

func (r row) time(t *testing.T, name string) time.Time {
	t.Helper()
	at, err := time.Parse("2006.01.02 15:04:05", r.text(name))
	if err != nil {
		t.Fatalf("%s: %v", r.text("UUID"), err)
	}
	return at
}

func (n *tenant) rows(class, attrs string) []row {
	n.t.Helper()
	var list []row
	if err := json.Unmarshal(n.get("find/"+class+"?attrs=UUID,metaClass,"+attrs), &list); err != nil {
		n.t.Fatal(err)
	}
	return list
}

// between checks a share, with the reason for its bounds.
func between(t *testing.T, what string, got, low, high float64, why string) {
	t.Helper()
	if got < low || got > high {
		t.Errorf("%s: %.4g, want %g to %g (%s)", what, got, low, high, why)
	}
}

func TestComments(t *testing.T) {
	n := open(t)
	count := map[string]int{}
	private, all := 0, 0
	for _, c := range n.rows("comment", "source,private,isCopy") {
		if c["isCopy"] == true {
			continue
		}
		all++
		count[c.link("source")]++
		if c["private"] == true {
			private++
		}
	}
	sizes := make([]int, size)
	i := 0
	for _, c := range count {
		sizes[i] = c
		i++
	}
	slices.Sort(sizes) // tickets without one are zeros
	typical, long := 0, 0
	for _, s := range sizes {
		if s >= 6 && s <= 10 {
			typical++
		}
		if s >= 40 {
			long++
		}
	}
	between(t, "median", float64(sizes[size/2]), 6, 10, "what is typical")
	between(t, "6 to 10 comments", float64(typical)/size, 0.678, 0.722, "70 %, three deviations of 4,000 draws")
	between(t, "40 and more", float64(long)/size, 0.002, 0.009, "half a percent, three deviations")
	between(t, "mean", float64(all)/size, 7, 10, "five sixths come from the typical, the rest from the tail")
	between(t, "private", float64(private)/float64(all), 0.24, 0.26, "a quarter, four deviations of 30,000")
	if last := sizes[size-1]; last != 700 {
		t.Errorf("the longest thread has %d, want 700", last)
	}
}

// Weights of 1/(k+2) make sums that logarithms come near to: of N callers, the first M have ln((M+2.5)/2.5) / ln((N+2.5)/2.5).
func TestCallers(t *testing.T) {
	n := open(t)
	by := map[string]int{}
	all := 0
	for _, s := range n.rows("serviceCall", "client,clientNotFound") {
		if s["clientNotFound"] != true {
			by[s.link("client")]++
			all++
		}
	}
	var counts []int
	for _, c := range by {
		counts = append(counts, c)
	}
	slices.SortFunc(counts, func(a, b int) int { return b - a })
	callers := 0.0
	for _, e := range n.rows("employee", "performer,title") {
		if e["performer"] != true && e.text("title") != "Служебный" {
			callers++
		}
	}
	top := 0
	for _, c := range counts[:int(callers/10)] {
		top += c
	}
	want := math.Log((callers/10+2.5)/2.5) / math.Log((callers+2.5)/2.5)
	between(t, "tickets of a tenth of the callers", float64(top)/float64(all), want-0.06, want+0.06, "Zipf; the sorted counts lie a little above the law, people leave")
	between(t, "first to eighth caller", float64(counts[0])/float64(counts[7]), 2, 5, "(8+2)/(1+2) = 3.3, and the chance of a few hundred")
}

func TestItems(t *testing.T) {
	n := open(t)
	assets := n.rows("objectBase", "serviceCalls")
	all, counts := 0, []int{}
	for _, a := range assets {
		counts = append(counts, len(a.list("serviceCalls")))
		all += len(a.list("serviceCalls"))
	}
	slices.SortFunc(counts, func(a, b int) int { return b - a })
	top := 0
	for _, c := range counts[:len(counts)/10] {
		top += c
	}
	between(t, "tickets of a tenth of the items", float64(top)/float64(all), 0.28, 0.6, "a flat law would give little more than a tenth")
	between(t, "tickets with an item", float64(all)/size, 0.3, 0.8, "15 of 25 topics are about one")
	services := map[string]int{}
	for _, s := range n.rows("serviceCall", "service") {
		services[s.link("service")]++
	}
	least, most := size, 0
	for _, c := range services {
		least, most = min(least, c), max(most, c)
	}
	if len(services) != len(n.rows("slmService", "title")) || most < 4*least {
		t.Errorf("%d services, the least used with %d tickets, the most used with %d", len(services), least, most)
	}
}

func TestTickets(t *testing.T) {
	n := open(t)
	tickets := n.rows("serviceCall", "state,problems,rfcReason,registrationDate,responsibleStartTime,responsible,priority,stateStartTime,dateDecision,deadLineTime,resolutionTime,number,mark,codeOfClosing,negotiations,tasks,categories,createUp,shopCode,complaintShop,timeAllowanceTimer")
	states, types, timers := map[string]int{}, map[string]int{}, map[string]int{}
	problems, changes, handed, none, teams, bare, removed := 0, 0, 0, 0, 0, 0, 0
	for i, s := range tickets {
		state, typ := s.text("state"), s.text("metaClass")
		states[state]++
		types[typ]++
		problems += min(len(s.list("problems")), 1)
		changes += min(len(s.list("rfcReason")), 1)
		if s["responsibleStartTime"] == nil {
			bare++
		} else if s.time(t, "responsibleStartTime").Sub(s.time(t, "registrationDate")) > 5*time.Minute {
			handed++
		}
		if strings.HasPrefix(s.link("responsible"), "team$") {
			teams++
		}
		if s["priority"] == nil {
			none++
		} else {
			timer, _ := s["timeAllowanceTimer"].(map[string]any)
			timers[row(timer).text("status")]++
			if s["deadLineTime"] == nil || s["resolutionTime"] == nil {
				t.Errorf("%s has a priority and no SLA", s.text("UUID"))
			}
		}
		removed += min(len(s.list("categories")), 1)
		done := state == "closed" || state == "resolved"
		switch {
		case done != (s["dateDecision"] != nil) || done != (s["codeOfClosing"] != nil):
			t.Errorf("%s is %s, solved %v with %v", s.text("UUID"), state, s["dateDecision"], s["codeOfClosing"])
		case typ == "serviceCall$call" && state != "registered" && state != "closed":
			t.Errorf("a call is %s", state)
		case state == "deferred" && typ != "serviceCall$request":
			t.Errorf("a %s is deferred", typ)
		case s["number"] != float64(1001+i):
			t.Errorf("ticket %d has the number %v", i, s["number"])
		}
	}
	between(t, "with a problem", float64(problems)/size, 0.01, 0.02, "1 to 2 %")
	between(t, "with a change", float64(changes)/size, 0.006, 0.014, "1 %, three deviations")
	between(t, "handed over", float64(handed)/size, 0.47, 0.53, "half, nearly four deviations")
	between(t, "without priority", float64(none)/size, 0.03, 0.05, "4 %, three deviations")
	for _, state := range []string{"registered", "inprogress", "waitClientAnswer", "resolved", "resumed", "deferred", "closed"} {
		if states[state] == 0 {
			t.Errorf("no ticket is %s", state)
		}
	}
	between(t, "closed", float64(states["closed"])/size, 0.85, 0.99, "a desk works off what comes in")
	for _, typ := range []string{"serviceCall", "request", "call", "complaint"} {
		if types["serviceCall$"+typ] == 0 {
			t.Errorf("no ticket is a %s", typ)
		}
	}
	if teams == 0 || bare == 0 || removed == 0 || timers["STOPED"] == 0 || timers["EXCEED"] == 0 {
		t.Errorf("%d of a team, %d of nobody, %d with a removed category, timers %v", teams, bare, removed, timers)
	}
}

// Whoever had a ticket first has commented on it, so that the history shows in the comments (IT 3.7).
func TestHandedOverShowsInComments(t *testing.T) {
	n := open(t)
	now := map[string]string{}
	for _, s := range n.rows("serviceCall", "responsibleEmployee,responsibleStartTime,registrationDate") {
		if s["responsibleStartTime"] != nil && s.time(t, "responsibleStartTime").Sub(s.time(t, "registrationDate")) > 5*time.Minute {
			now[s.text("UUID")] = s.link("responsibleEmployee")
		}
	}
	agents := map[string]bool{}
	for _, e := range n.rows("employee", "performer") {
		agents[e.text("UUID")] = e["performer"] == true
	}
	before := map[string]bool{}
	for _, c := range n.rows("comment", "source,author,isCopy") {
		who, is := c.link("author"), now[c.link("source")]
		if is != "" && c["isCopy"] != true && agents[who] && who != is {
			before[c.link("source")] = true
		}
	}
	between(t, "with a comment of who had it before", float64(len(before))/float64(len(now)), 0.5, 1, "some were handed over before anybody spoke")
}

func TestPeople(t *testing.T) {
	n := open(t)
	left, silent, people, placeholder := 0, 0, 0, ""
	mails := map[string]int{}
	for _, e := range n.rows("employee", "title,email,removed,removalDate,performer,isEmployeeActive") {
		if e.text("title") == "Служебный" {
			placeholder = e.text("UUID")
			continue
		}
		people++
		if e["removed"] == true {
			left++
			if e["removalDate"] == nil || e["isEmployeeActive"] == true {
				t.Errorf("%s left, and does not look like it", e.text("UUID"))
			}
		}
		if e["email"] == nil {
			silent++
		} else {
			mails[e.text("email")]++
		}
	}
	twice := 0
	for _, c := range mails {
		twice += c - 1
	}
	between(t, "who have left", float64(left)/float64(people), 0.06, 0.09, "every 13th")
	between(t, "without e-mail", float64(silent)/float64(people), 0.05, 0.09, "every 14th")
	between(t, "with another's e-mail", float64(twice)/float64(people), 0.005, 0.025, "every 60th")

	strangers, mail := 0, 0
	for _, s := range n.rows("serviceCall", "client,clientEmail,clientName,wayAddressing,clientNotFound") {
		if s.code("wayAddressing") == "email" {
			mail++
		}
		if s.link("client") != placeholder {
			continue
		}
		strangers++
		if s.code("wayAddressing") != "email" || s.text("clientName") == "" || !strings.HasSuffix(s.text("clientEmail"), "@mail.example") {
			t.Errorf("%s of a stranger: %v", s.text("UUID"), s)
		}
	}
	between(t, "strangers among mails", float64(strangers)/float64(mail), 0.05, 0.09, "7 %, four deviations")

	parent := map[string]string{}
	for _, o := range n.rows("ou", "parent") {
		parent[o.text("UUID")] = o.link("parent")
	}
	deepest := 0
	for o := range parent {
		depth := 0
		for ; o != ""; o = parent[o] {
			depth++
		}
		deepest = max(deepest, depth)
	}
	if deepest != 4 {
		t.Errorf("departments in %d levels, want 4", deepest)
	}
}

var (
	tail    = regexp.MustCompile(`<br>Email отправителя: [a-z0-9.]+@[a-z0-9.-]+\.example$`)
	inText  = regexp.MustCompile(`download\?uuid=(file\$[0-9]+)`)
	keyed   = regexp.MustCompile(`accessKey=([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12})"`)
	russian = regexp.MustCompile(`[а-яё]{3}`)
)

func TestTexts(t *testing.T) {
	n := open(t)
	mail := map[string]bool{}
	shown := map[string]int{}
	links, inline := 0, 0
	var key string
	note := func(text string) {
		for _, m := range inText.FindAllStringSubmatch(text, -1) {
			shown[m[1]]++
		}
		for _, m := range keyed.FindAllStringSubmatch(text, -1) {
			links++
			key = m[1]
		}
		inline += strings.Count(text, "data:image/png;base64,")
	}
	for _, s := range n.rows("serviceCall", "descriptionRTF,wayAddressing") {
		mail[s.text("UUID")] = s.code("wayAddressing") == "email"
		note(s.text("descriptionRTF"))
		if !russian.MatchString(s.text("descriptionRTF")) {
			t.Errorf("%s says %s", s.text("UUID"), s.text("descriptionRTF"))
		}
	}
	tails, unknown, system := 0, 0, 0
	for _, c := range n.rows("comment", "source,text,author,private") {
		note(c.text("text"))
		if strings.Contains(c.text("text"), "{") {
			t.Errorf("a place was not filled in: %s", c.text("text"))
		}
		if !strings.Contains(c.text("text"), "Email отправителя") {
			if c["author"] == nil {
				system++
			}
			continue
		}
		tails++
		if !tail.MatchString(c.text("text")) || !mail[c.link("source")] || c["private"] == true {
			t.Errorf("a mail comment: %v", c)
		}
		if c["author"] == nil {
			unknown++
		}
	}
	if tails == 0 || unknown == 0 || system == 0 || links == 0 || inline == 0 {
		t.Errorf("%d mail comments, %d of strangers, %d of the system, %d one-click links, %d pictures in base64", tails, unknown, system, links, inline)
	}
	before := n.server.Stats().LinkHits
	if _, err := n.client.Get("http://desk/sd/services/rest/exec?func=modules.restModule.closeSC&accessKey=" + key); err != nil {
		t.Fatal(err)
	}
	if got := n.server.Stats().LinkHits - before; got != 1 {
		t.Errorf("following a link counts %d", got)
	}

	pictures, empty, tables, large := 0, 0, 0, 0
	for i, f := range n.rows("file", "title,fileSize,mimeType,imgFromRTF,source,relation") {
		id := f.text("UUID")
		if (f["imgFromRTF"] == true) != (shown[id] > 0) {
			t.Errorf("%s: in a text %v, and shown %d times", id, f["imgFromRTF"], shown[id])
		}
		delete(shown, id)
		if f["fileSize"] == 5.0*1024*1024 {
			large++
		} else if i%20 > 1 && f["fileSize"] != 0.0 {
			continue
		}
		body := n.get("get-file/" + id)
		if float64(len(body)) != f["fileSize"] {
			t.Errorf("%s has %d bytes, and says %v", id, len(body), f["fileSize"])
		}
		switch f.text("mimeType") {
		case "image/png":
			pictures++
			if _, err := png.Decode(bytes.NewReader(body)); err != nil {
				t.Errorf("%s: %v", id, err)
			}
		case "text/csv":
			tables++
		}
		if len(body) == 0 {
			empty++
		}
	}
	if len(shown) != 0 || pictures == 0 || empty == 0 || tables == 0 || large != 1 {
		t.Errorf("shown and not there: %d; %d pictures, %d empty files, %d tables, %d large files", len(shown), pictures, empty, tables, large)
	}
}

func TestMassTickets(t *testing.T) {
	n := open(t)
	master := map[string]string{}
	massive, twins := 0, 0
	for _, s := range n.rows("serviceCall", "massProblem,massProblemSlaves,masterMassProblem,slaved,createUp") {
		if m := s.link("masterMassProblem"); m != "" {
			master[s.text("UUID")] = m
			if s["slaved"] != true {
				t.Errorf("%s has a master and is no slave", s.text("UUID"))
			}
		}
		if s["massProblem"] == true {
			massive++
			if c := len(s.list("massProblemSlaves")); c < 3 || c > 8 {
				t.Errorf("%s has %d slaves", s.text("UUID"), c)
			}
		}
		if s["createUp"] != nil {
			twins++
		}
	}
	comments := map[string]row{}
	for _, c := range n.rows("comment", "text,source,isCopy,hasCopyes,copiedToFrom,private") {
		comments[c.text("UUID")] = c
	}
	copies := 0
	for id, c := range comments {
		if c["isCopy"] != true {
			continue
		}
		copies++
		from, _ := c.list("copiedToFrom")[0].(map[string]any)
		o := comments[row(from).text("UUID")]
		if o["hasCopyes"] != true || o.text("text") != c.text("text") || o.link("source") != master[c.link("source")] || o["private"] == true {
			t.Errorf("%s is no copy of %s", id, o.text("UUID"))
		}
	}
	if massive != size/300 || copies < massive || twins == 0 {
		t.Errorf("%d mass tickets, %d copies, %d duplicates", massive, copies, twins)
	}
}

// Numbers come from one counter in the order of time (IT 8.3).
func TestNumbersGrowWithTime(t *testing.T) {
	n := open(t)
	at := map[int]time.Time{}
	for _, class := range []string{"serviceCall", "comment", "file", "task", "negotiation", "vote", "workRecord", "problem", "changeRequest"} {
		for _, r := range n.rows(class, "creationDate") {
			_, digits, _ := strings.Cut(r.text("UUID"), "$")
			number, err := strconv.Atoi(digits)
			if err != nil {
				t.Fatal(err)
			}
			if _, taken := at[number]; taken {
				t.Errorf("%d is given out twice", number)
			}
			at[number] = r.time(t, "creationDate")
		}
	}
	first, last := math.MaxInt, 0
	for number := range at {
		first, last = min(first, number), max(last, number)
	}
	before := time.Time{}
	for number := first; number <= last; number++ {
		if at[number].Before(before) {
			t.Fatalf("%d is of %v, and the one before of %v", number, at[number], before)
		}
		before = at[number]
	}
}

// The stock items of IT 3.3.
func TestCatalogs(t *testing.T) {
	n := open(t)
	for catalog, want := range map[string]string{
		"priority": "critical high medium normal", "urgency": "U0 U1 U2", "impact": "I0 I1 I2", "closureCode": "notINC rejected resolved spam take",
		"mark": "1 2 3 4 5", "overDue": "notOverdue overDue", "RFCcategories": "change other pfojectStart", "reasonForDecl": "cannnotbechanged notFull repeatedRequest",
		"wayAdressing": "SD api email fromMobileApp phone", "period": "m6 y3 year", "shop": "s1 s2 s3", "rulesSettings": "priority reactTime resolutionTimeNew",
	} {
		var codes []string
		for _, r := range n.rows(catalog, "code") {
			codes = append(codes, r.text("code"))
		}
		slices.Sort(codes)
		if got := strings.Join(codes, " "); got != want {
			t.Errorf("%s: %q, want %q", catalog, got, want)
		}
	}
	folders, inside := 0, 0
	for _, r := range n.rows("category", "folder,parent") {
		if r["folder"] == true {
			folders++
		}
		if r["parent"] != nil {
			inside++
		}
	}
	if folders < 3 || inside < 8 {
		t.Errorf("%d folders with %d categories", folders, inside)
	}
}

func TestSideStates(t *testing.T) {
	n := open(t)
	for class, want := range map[string]string{
		"task":          "closed inprogress registered resolved resumed stopped",
		"negotiation":   "accepted closed overdue registered rejected",
		"vote":          "accepted closed overdue registered",
		"problem":       "applyDecision closed deferred diagnosing registered solved",
		"changeRequest": "closed declined deferred implementation inprogress mark negotiating plan registered test undertow",
		"workRecord":    "closed registered rejected",
	} {
		states := map[string]bool{}
		for _, r := range n.rows(class, "state,remark") {
			states[r.text("state")] = true
			if class == "vote" && (r.text("state") == "closed") != (r.text("remark") != "") {
				t.Errorf("a vote that is %s has the remark %q", r.text("state"), r.text("remark"))
			}
		}
		var list []string
		for s := range states {
			list = append(list, s)
		}
		slices.Sort(list)
		if got := strings.Join(list, " "); got != want {
			t.Errorf("%s: %q, want %q", class, got, want)
		}
	}
}

// What 20,000 tickets with their comments cost: the time to serve them, and the memory they stay in.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		s, err := sandbox.New(sandbox.Options{FS: made(b, 20000, 1)})
		if err != nil {
			b.Fatal(err)
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.HeapAlloc)/1e6, "MB-heap")
		b.ReportMetric(float64(m.Sys)/1e6, "MB-system")
		b.ReportMetric(float64(s.Stats().Objects["comment"]), "comments")
	}
}

// What a page of tickets and the comments of one ticket take.
func BenchmarkFind(b *testing.B) {
	s, err := sandbox.New(sandbox.Options{FS: made(b, 2000, 1), Keys: map[string]sandbox.Profile{"key": {}}})
	if err != nil {
		b.Fatal(err)
	}
	client := &http.Client{Transport: s.RoundTripper()}
	var tickets []row
	get := func(path string) []byte {
		res, err := client.Get("http://desk/sd/services/rest/" + path + "&accessKey=key")
		if err != nil {
			b.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			b.Fatalf("%s: %d %v", path, res.StatusCode, err)
		}
		return text
	}
	if err := json.Unmarshal(get("find/serviceCall?attrs=UUID"), &tickets); err != nil {
		b.Fatal(err)
	}
	b.Run("500 whole tickets", func(b *testing.B) {
		for b.Loop() {
			get("find/serviceCall?limit=500")
		}
	})
	b.Run("comments of a ticket", func(b *testing.B) {
		i := 0
		for b.Loop() {
			get("find/comment?source=" + tickets[i%len(tickets)].text("UUID") + "&limit=500&offset=0")
			i++
		}
	})
}
