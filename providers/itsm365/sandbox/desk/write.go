package desk

import (
	"fmt"
	"html"
	"iter"
	"math/rand/v2"
	"strconv"
	"strings"
)

// sequences are the lines of each file.
func (d *Desk) sequences() map[string]iter.Seq[[]byte] {
	all := map[string]iter.Seq[[]byte]{}
	for name, rows := range d.setup {
		all[name] = func(yield func([]byte) bool) {
			for _, row := range rows {
				if !yield(row) {
					return
				}
			}
		}
	}
	each := func(kind int, write func(i int) *line) iter.Seq[[]byte] {
		return func(yield func([]byte) bool) {
			for _, i := range d.order[kind] {
				if !yield(write(int(i)).end()) {
					return
				}
			}
		}
	}
	all["serviceCall"] = each(kindTicket, d.ticketLine)
	all["comment"] = each(kindComment, d.commentLine)
	all["file"] = each(kindFile, d.fileLine)
	for kind, write := range map[int]func(side) *line{sideTask: d.taskLine, sideApproval: d.approvalLine, sideVote: d.voteLine, sideWork: d.workLine, sideProblem: d.problemLine, sideChange: d.changeLine} {
		name := []string{"task", "negotiation", "vote", "workRecord", "problem", "changeRequest"}[kind]
		if len(d.side[kind]) > 0 {
			all[name] = each(kindSide+kind, func(i int) *line { return write(d.side[kind][i]) })
		}
	}
	all["objectBase"] = d.assetLines()
	return all
}

func uuid(class string, num int) string { return class + "$" + strconv.Itoa(num) }

func (d *Desk) ticketUUID(i int) string { return uuid("serviceCall", d.tickets[i].num) }

func (d *Desk) ticketUUIDs(list []int) []string {
	var all []string
	for _, i := range list {
		all = append(all, d.ticketUUID(i))
	}
	return all
}

// personUUID is empty for nobody, and so the attribute is left out.
func (d *Desk) personUUID(i int) string {
	if i < 0 {
		return ""
	}
	return d.people[i].uuid
}

// firstNumber is the number of the first ticket; the next have the next.
const firstNumber = 1001

func (d *Desk) ticketLine(i int) *line {
	t := &d.tickets[i]
	r := d.rand(streamText, i)
	about := topics[t.topic]
	number := firstNumber + i
	o := object(d.ticketUUID(i), t.class).number("number", number).text("title", strconv.Itoa(number)).text("shortDescr", fill(r, about.subject))
	d.describe(o, r, i, about)
	o.text("state", t.state).at("stateStartTime", t.stateAt)
	o.at("registrationDate", t.at).at("requestDate", t.at).at("startTime", t.at).at("creationDate", t.at).at("dateDecision", t.solved)
	d.sla(o, t)
	o.text("agreement", d.agreements[0]).text("service", d.services[about.service].uuid).text("serviceTime", d.item("servicetime", "8x5")).text("timeZone", d.item("timezone", "Europe/Moscow"))
	o.text("urgency", d.item("urgency", []string{"U0", "U1", "U2"}[r.IntN(3)])).text("impact", d.item("impact", []string{"I0", "I1", "I2"}[r.IntN(3)]))
	o.text("baseCategory", d.item("category", about.category))
	if i%200 == 3 && i < len(d.tickets)/3+4 { // an item that was removed since
		o.list("categories", []string{d.item("category", "catRFC")})
	}
	o.text("wayAddressing", d.item("wayAdressing", t.channel))
	d.client(o, t, i)
	d.responsible(o, t)
	if t.solved != 0 {
		o.text("resultDescr", "<div>"+fill(r, a(r, "solution"))+"</div>").text("codeOfClosing", d.item("closureCode", d.closure(t)))
	}
	if t.mark > 0 {
		o.text("mark", d.item("mark", strconv.Itoa(t.mark)))
		if t.mark < 4 {
			o.text("commentForMark", "<div>"+fill(r, "Ждали {n} часов, никто не перезвонил.")+"</div>")
		}
	}
	if r.IntN(25) == 0 {
		o.list("observers", []string{d.people[r.IntN(len(d.people))].uuid})
	}
	o.yes("massProblem", t.massive)
	if t.master >= 0 {
		o.text("masterMassProblem", d.ticketUUID(t.master)).yes("slaved", true)
	}
	if t.twin >= 0 {
		o.text("createUp", d.ticketUUID(t.twin))
	}
	if t.resumed {
		o.yes("resumed", true).number("resumptionSum", 1).at("resumeDate", t.stateAt)
	}
	if t.state == "deferred" {
		o.at("postoponeTill", d.end+7*day)
	}
	d.lastComment(o, t)
	if t.caller >= 0 {
		o.text("author", d.people[t.caller].uuid)
	}
	o.text("shopCode", fmt.Sprintf("M-%03d", r.IntN(40)))
	if t.class == "serviceCall$complaint" {
		o.text("complaintShop", d.item("shop", []string{"s1", "s2", "s3"}[r.IntN(3)])).text("complaintKind", d.item("complaintKind", []string{"deadline", "quality", "rudeness", "other"}[r.IntN(4)]))
	}
	return o.at("lastModifiedDate", t.touched)
}

func (d *Desk) closure(t *ticket) string {
	switch {
	case t.twin >= 0:
		return "take"
	case topics[t.topic].category == "spamMail":
		return "spam"
	case t.solved%9 == 0:
		return "notINC"
	case t.solved%11 == 0:
		return "rejected"
	}
	return "resolved"
}

// describe writes the text of a ticket: as rich text and as plain text; mail alone has it the third way (IT 3.2).
func (d *Desk) describe(o *line, r *rand.Rand, i int, about topic) {
	t := &d.tickets[i]
	parts := []string{a(r, "greeting"), fill(r, about.text), fill(r, a(r, "client")), fill(r, a(r, "ending"))}
	var rich strings.Builder
	for _, p := range parts {
		rich.WriteString("<div>" + html.EscapeString(p) + "</div>")
	}
	if t.picture >= 0 {
		rich.WriteString(d.image(r, t.picture))
	}
	if r.IntN(300) == 0 {
		rich.WriteString(`<img src="data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==">`)
	}
	if t.channel == "email" && r.IntN(50) == 0 {
		rich.WriteString(d.oneClick(r, max(i-1, 0)))
	}
	o.text("descriptionRTF", rich.String()).text("description", strings.Join(parts, "\n"))
	if t.channel == "email" {
		o.text("descriptionInRTF", rich.String())
	}
}

func (d *Desk) image(r *rand.Rand, f int) string {
	at := []string{"./download", "/download", "/sd/operator/download", "https://zarya.itsm365.com/sd/operator/download"}[r.IntN(4)]
	return `<div><img src="` + at + `?uuid=` + uuid("file", d.files[f].num) + `"></div>`
}

// oneClick quotes the mail of a solved ticket, whose links act with the reader's key (IT 7, trap 25).
func (d *Desk) oneClick(r *rand.Rand, i int) string {
	key := fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", r.Uint32(), r.Uint32()&0xffff, r.Uint32()&0xfff, r.Uint32()&0xfff, r.Uint64()&0xffffffffffff)
	return `<blockquote>Заявка решена. <a href="https://zarya.itsm365.com/sd/services/rest/exec?func=modules.restModule.closeSC&amp;params='` + d.ticketUUID(i) + `'&amp;accessKey=` + key + `">Закрыть</a></blockquote>`
}

// sla writes the clocks of a ticket.
func (d *Desk) sla(o *line, t *ticket) {
	if t.priority < 0 {
		return
	}
	o.text("priority", d.item("priority", priorities[t.priority]))
	solve, react := int64(solveHours[t.priority])*60*60, int64(reactHours[t.priority])*60*60
	deadline := t.at + 3*solve // the day has eight hours of service
	o.at("deadLineTime", deadline).hours("resolutionTime", int(solve/3600)).hours("reactTime", int(react/3600))
	status := func(done, until int64) string {
		switch {
		case done == 0 && d.end > until, done > until:
			return "EXCEED"
		case done == 0:
			return "ACTIVE"
		}
		return "STOPED"
	}
	clock := func(name string, done int64) {
		s, until := "ACTIVE", d.end
		if done != 0 {
			s, until = "STOPED", done
		}
		o.raw(name, fmt.Sprintf(`{"status":%q,"elapsed":%d}`, s, (until-t.at)*1000))
	}
	clock("processingTimeTimer", t.solved)
	clock("reactionTime", t.reacted)
	o.raw("timeAllowanceTimer", fmt.Sprintf(`{"status":%q,"deadLineTime":%q,"allowance":%d,"allowanceStart":%q}`, status(t.solved, deadline), instant(deadline), solve*1000, instant(t.at)))
	o.raw("reactDeadline", fmt.Sprintf(`{"status":%q,"deadLineTime":%q,"allowance":%d,"allowanceStart":%q}`, status(t.reacted, t.at+react), instant(t.at+react), react*1000, instant(t.at)))
	late := "notOverdue"
	if status(t.solved, deadline) == "EXCEED" {
		late = "overDue"
	}
	o.text("coloOverdue", d.item("overDue", late)).text("complianceSC", d.item("slaResult", map[string]string{"notOverdue": "met", "overDue": "missed"}[late]))
}

// client writes who asks; an unregistered sender is «Служебный», with the real name and address beside (IT 5.3).
func (d *Desk) client(o *line, t *ticket, i int) {
	if t.caller < 0 {
		name, address := d.sender(i)
		o.text("clientEmployee", d.placeholder).text("clientName", name).text("clientEmail", address).yes("clientNotFound", true)
		return
	}
	p := d.people[t.caller]
	o.text("clientEmployee", p.uuid).text("clientOU", p.parent).text("clientName", p.title).text("clientEmail", p.email).text("clientPhone", p.phone).text("clientLinkName", p.title)
}

// sender is the stranger behind a ticket.
func (d *Desk) sender(i int) (name, address string) {
	r := d.rand(streamSender, i)
	first, last := a(r, "man"), a(r, "surname")
	return first + " " + last, fmt.Sprintf("%s.%s%d@mail.example", inLatin(first), inLatin(last), r.IntN(100))
}

func (d *Desk) responsible(o *line, t *ticket) {
	if t.team < 0 {
		return
	}
	o.text("responsibleEmployee", d.personUUID(t.agent)).text("responsibleTeam", d.teams[t.team].uuid).at("responsibleStartTime", t.handed)
	if t.solved != 0 {
		o.text("solvedByEmployee", d.personUUID(t.agent)).text("solvedByTeam", d.teams[t.team].uuid)
	}
	if t.state == "closed" {
		o.text("closedByEmployee", d.personUUID(t.agent)).text("closedByTeam", d.teams[t.team].uuid)
	}
}

// lastComment repeats the last public comment in its ticket (IT 5.3).
func (d *Desk) lastComment(o *line, t *ticket) {
	for k := t.to - 1; k >= t.from; k-- {
		if d.comments[k].voice != voiceInternal {
			o.text("lastComment", d.commentText(k)).at("commentDate", d.comments[k].at).yes("commentAdded", true)
			return
		}
	}
}

func (d *Desk) commentLine(k int) *line {
	c := &d.comments[k]
	o := object(uuid("comment", c.num), "comment").text("source", d.ticketUUID(c.ticket)).text("text", d.commentText(k)).
		text("author", d.personUUID(c.author)).at("creationDate", c.at)
	if c.voice == voiceInternal {
		o.yes("private", true)
	} else {
		o.raw("private", "false")
	}
	o.yes("hasCopyes", c.copied)
	if c.copyOf >= 0 {
		o.yes("isCopy", true).list("copiedToFrom", []string{uuid("comment", d.comments[c.copyOf].num)})
	}
	return o
}

var voices = [...]string{voiceAgent: "agent", voiceClient: "client", voiceInternal: "internal"}

func (d *Desk) commentText(k int) string {
	if c := d.comments[k].copyOf; c >= 0 {
		k = c
	}
	c := &d.comments[k]
	if c.voice == voiceSystem {
		return "Заявка передана автоматически по правилу маршрутизации."
	}
	r := d.rand(streamText, len(d.tickets)+k)
	text := "<div>" + html.EscapeString(fill(r, a(r, voices[c.voice]))) + "</div>"
	if r.IntN(3) == 0 {
		text += "<div>" + html.EscapeString(fill(r, a(r, voices[c.voice]))) + "</div>"
	}
	if c.picture >= 0 {
		text += d.image(r, c.picture)
	}
	if c.link {
		text += d.oneClick(r, c.ticket)
	}
	if c.mail {
		text += "<br>Email отправителя: " + d.mailOf(c)
	}
	return text
}

// mailOf is whose address a mail comment ends with.
func (d *Desk) mailOf(c *comment) string {
	if c.author >= 0 && d.people[c.author].email != "" {
		return d.people[c.author].email
	}
	_, address := d.sender(c.ticket)
	return address
}

func (d *Desk) taskLine(s side) *line {
	id := uuid("task", s.num)
	o := object(id, "task").number("number", s.n+1).number("objectNumber", 100+s.n).text("title", fmt.Sprintf("Задача %d", s.n+1)).text("description", "Работы по заявке.").
		text("serviceCall", d.ticketUUID(s.tickets[0])).at("deadline", s.at+2*day).at("planDate", s.at+day).hours("timeToSolve", 24)
	d.assign(o, s)
	if s.state == "closed" || s.state == "resolved" {
		o.at("dateDecision", s.ended)
	}
	return d.finish(o, s)
}

// assign writes who is responsible for it.
func (d *Desk) assign(o *line, s side) {
	o.text("responsibleEmployee", d.people[s.person].uuid).text("responsibleTeam", d.teams[d.people[s.person].team].uuid).at("responsibleStartTime", s.at)
}

// finish writes the state and the dates.
func (d *Desk) finish(o *line, s side) *line {
	last := max(s.ended, s.at)
	return o.text("state", s.state).at("stateStartTime", last).at("creationDate", s.at).at("lastModifiedDate", last)
}

func (d *Desk) approvalLine(s side) *line {
	o := object(uuid("negotiation", s.num), "negotiation$approvalReq").text("title", "Согласование заявки").text("description", "Прошу согласовать.").text("sourceR", d.ticketUUID(s.tickets[0])).
		list("cabEmployee", []string{d.people[s.person].uuid}).text("period", d.item("period", "m6")).at("deadLine", s.at+2*day).at("dateEnd", s.ended)
	return d.finish(o, s)
}

func (d *Desk) voteLine(s side) *line {
	p := d.people[s.person]
	o := object(uuid("vote", s.num), "vote$voteR").text("title", "Голос: "+p.title).text("parent", uuid("negotiation", d.side[sideApproval][s.of].num)).text("voter_em", p.uuid).
		at("voteDate", s.ended).at("deadline", s.at+2*day).text("serviceCall", d.ticketUUID(s.tickets[0]))
	if s.state == "closed" {
		o.text("remark", "Не вижу необходимости, обоснуйте.")
	}
	return d.finish(o, s)
}

func (d *Desk) workLine(s side) *line {
	quarters := 1 + s.n%16
	o := object(uuid("workRecord", s.num), "workRecord").text("title", "Трудозатраты").raw("time", strconv.FormatFloat(float64(quarters)/4, 'f', -1, 64)).
		text("timeStr", fmt.Sprintf("%d:%02d", quarters/4, quarters%4*15)).at("actualDate", s.at).text("employee", d.people[s.person].uuid).text("serviceCall", d.ticketUUID(s.tickets[0]))
	if s.state == "closed" {
		o.at("closedDate", s.ended)
	}
	return d.finish(o, s)
}

func (d *Desk) problemLine(s side) *line {
	o := object(uuid("problem", s.num), "problem").number("number", s.n+1).number("objectNumber", 100+s.n).text("title", words["problem"][s.n%len(words["problem"])]).
		text("description", "Повторяется на нескольких местах.").list("serviceCalls", d.ticketUUIDs(s.tickets)).text("rootDescr", "<div>Выясняется.</div>").text("rootCause", "Выясняется").yes("knownError", s.n%2 == 0)
	if s.state == "solved" || s.state == "closed" {
		o.text("solution", "<div>Устранена причина, наблюдаем.</div>").text("workAroundText", "<div>Перезапустить службу.</div>")
	}
	d.assign(o, s)
	return d.finish(o, s)
}

func (d *Desk) changeLine(s side) *line {
	o := object(uuid("changeRequest", s.num), "changeRequest").number("number", s.n+1).number("objectNumber", 100+s.n).text("title", words["change"][s.n%len(words["change"])]).
		text("description", "Изменение по заявкам пользователей.").text("category", d.item("RFCcategories", []string{"change", "pfojectStart", "other"}[s.n%3])).
		text("impact", d.item("impact", "I1")).text("velocity", d.item("urgency", "U1")).list("reasonCall", d.ticketUUIDs(s.tickets)).list("circumstance", d.ticketUUIDs(s.results)).
		text("planImplemn", "<div>В ночь на субботу.</div>").text("rollbackPlan", "<div>Вернуть прежние настройки.</div>")
	if s.of >= 0 {
		o.list("problems", []string{uuid("problem", d.side[sideProblem][s.of].num)})
	}
	o.text("changeType", d.item("changeType", []string{"standard", "normal", "emergency"}[s.n%3])).text("risk", d.item("riskLevel", []string{"low", "medium", "high"}[s.n/3%3])).at("dateImplemn", s.ended)
	if s.state == "declined" {
		o.text("reasonDecline", d.item("reasonForDecl", "notFull"))
	}
	d.assign(o, s)
	return d.finish(o, s)
}

// assetLines writes the configuration items with the tickets, problems and changes they are in.
func (d *Desk) assetLines() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		tickets := make([][]string, len(d.assets))
		for i := range d.tickets {
			if k := d.tickets[i].asset; k >= 0 {
				tickets[k] = append(tickets[k], d.ticketUUID(i))
			}
		}
		linked := [2][][]string{make([][]string, len(d.assets)), make([][]string, len(d.assets))}
		for n, kind := range []int{sideProblem, sideChange} {
			for _, s := range d.side[kind] {
				if s.asset >= 0 {
					linked[n][s.asset] = append(linked[n][s.asset], uuid([]string{"problem", "changeRequest"}[n], s.num))
				}
			}
		}
		for i, at := range d.assets {
			r := d.rand(streamAsset, i)
			owner := d.people[r.IntN(len(d.people))]
			state := []string{"registered", "registered", "registered", "registered", "repair", "broken", "closed"}[r.IntN(7)]
			o := object(at.uuid, "objectBase$"+at.class).text("title", fmt.Sprintf("%s-%04d", at.class, i+1)).text("state", state).text("model", fmt.Sprintf("M%d", 100+r.IntN(900))).
				text("producer", d.item("producer", []string{"hp", "lenovo", "cisco"}[r.IntN(3)])).text("serialNumber", fmt.Sprintf("SN%08d", r.IntN(100000000))).text("inventoryNumbe", fmt.Sprintf("INV-%05d", i+1)).
				text("owner", owner.parent).list("users", []string{owner.uuid}).number("Price", 1000*(1+r.IntN(200))).text("typeCI", d.item("typeCI", "hardware")).
				list("serviceCalls", tickets[i]).list("problems", linked[0][i]).list("changeRequest", linked[1][i]).at("creationDate", d.start-30*day).at("lastModifiedDate", d.start-30*day)
			if !yield(o.end()) {
				return
			}
		}
	}
}
