package desk

import (
	_ "embed"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

//go:embed catalogs.txt
var catalogsText string

// A person is an employee, as far as tickets need it.
type person struct {
	uuid, title, email, phone, parent string
	agent, team                       int // their place among agents, and their team; -1 for those who are none
	left                              int64
}

type team struct {
	uuid    string
	members []int // people
}

type service struct {
	uuid string
	team int
}

type asset struct{ uuid, class string }

const day = 24 * 60 * 60

// new gives out the next number and the time at which what has it was set up.
func (d *Desk) newUUID(class string) (uuid string, at int64) {
	d.last++
	return class + "$" + strconv.Itoa(d.last), d.start - 60*day + int64(d.last)*60
}

func (d *Desk) add(file string, l *line) { d.setup[file] = append(d.setup[file], l.end()) }

// addCatalogs reads catalogs.txt. It panics on a fault, as that file is part of the program.
func (d *Desk) addCatalogs() {
	own := false
	for l := range strings.Lines(catalogsText) {
		if l = strings.TrimSpace(l); l == "" || l[0] == '#' {
			continue
		}
		f := strings.SplitN(l, "|", 5)
		catalog, code := f[0], f[1]
		class := catalog
		if own = own || catalog == "slaResult"; own {
			class = "directory" // what the tenant added has a common prefix (IT 3.1)
		}
		uuid, _ := d.newUUID(class)
		o := object(uuid, catalog).text("code", code).text("title", f[2])
		if f[3] != "" {
			o.text("parent", d.item(catalog, f[3]))
		}
		if f[4] != "" {
			o.b = append(o.b, ","+f[4]...)
		}
		d.items[catalog+"/"+code] = uuid
		d.add("catalogs", o)
	}
}

// item is the UUID of a catalog item.
func (d *Desk) item(catalog, code string) string {
	uuid := d.items[catalog+"/"+code]
	if uuid == "" {
		panic("catalogs.txt: no " + catalog + " " + code)
	}
	return uuid
}

// addOrganisation makes departments in four levels, client companies and their mail domains.
func (d *Desk) addOrganisation(companies int) (departments, clients []string) {
	ou := func(class, title, parent, domain string) string {
		uuid, at := d.newUUID("ou")
		d.add("ou", object(uuid, class).text("title", title).text("parent", parent).number("number", d.last).at("creationDate", at).at("lastModifiedDate", at))
		if domain != "" {
			id, at := d.newUUID("domain")
			d.add("domain", object(id, "domain$domain").text("title", domain).text("company", uuid).at("creationDate", at).at("lastModifiedDate", at))
		}
		return uuid
	}
	head := ou("ou$ou", "АО «Заря»", "", "zarya.example")
	for i, name := range words["department"] {
		dep := ou("ou$ou", name, head, "")
		departments = append(departments, dep)
		for part := range 1 + i%3 {
			section := ou("ou$ou", fmt.Sprintf("%s, группа %d", name, part+1), dep, "")
			departments = append(departments, section)
			if part == 1 {
				departments = append(departments, ou("ou$ou", fmt.Sprintf("%s, группа %d, смена 2", name, part+1), section, ""))
			}
		}
	}
	for i := range companies {
		name := words["company"][i%len(words["company"])]
		domain := inLatin(name)
		if i >= len(words["company"]) {
			name, domain = fmt.Sprintf("%s-%d", name, i/len(words["company"])+1), fmt.Sprintf("%s%d", domain, i)
		}
		clients = append(clients, ou("ou$company", "ООО «"+name+"»", "", domain+".example"))
		d.domains = append(d.domains, domain+".example")
	}
	return departments, clients
}

// addPeople makes agents first, then staff and contacts of the companies, then «Служебный». Every 13th has left, every
// 14th has no e-mail, every 60th has the one of somebody else.
func (d *Desk) addPeople(people, agents int, departments, clients []string) {
	r := d.rand(streamPeople, 0)
	for i := range max(3, agents/5) {
		uuid, at := d.newUUID("team")
		d.teams = append(d.teams, team{uuid: uuid})
		d.add("team", object(uuid, "team$team").text("title", fmt.Sprintf("%d-я линия", i+1)).text("email", fmt.Sprintf("line%d@zarya.example", i+1)).yes("performer", true).at("creationDate", at).at("lastModifiedDate", at))
	}
	for i := range people {
		p := person{agent: -1, team: -1}
		class, domain := "employee$employee", "zarya.example"
		p.parent = departments[r.IntN(len(departments))]
		switch {
		case i < agents:
			p.agent, p.team = i, i%len(d.teams)
			d.teams[p.team].members = append(d.teams[p.team].members, i)
		case i%5 < 2:
			c := r.IntN(len(clients))
			class, domain, p.parent = "employee$contactPerson", d.domains[c], clients[c]
		}
		d.addPerson(r, i, p, class, domain)
	}
	uuid, at := d.newUUID("employee")
	d.placeholder = uuid
	d.add("employee", object(uuid, "employee$employee").text("title", "Служебный").text("lastName", "Служебный").list("license", []string{"notLicensed"}).at("creationDate", at).at("lastModifiedDate", at))
}

func (d *Desk) addPerson(r *rand.Rand, i int, p person, class, domain string) {
	surname, first, father := a(r, "surname"), a(r, "man"), a(r, "father")+"ич"
	if r.IntN(2) == 0 {
		surname, first, father = surname+"а", a(r, "woman"), strings.TrimSuffix(father, "ич")+"на"
	}
	var at int64
	p.uuid, at = d.newUUID("employee")
	p.title = surname + " " + first + " " + father
	p.phone = fmt.Sprintf("+7 (900) %03d-%02d-%02d", i/10000, i/100%100, i%100)
	login := fmt.Sprintf("%s.%s%d", inLatin(first), inLatin(surname), i)
	p.email = login + "@" + domain
	switch {
	case p.agent >= 0:
	case i%14 == 9:
		p.email = ""
	case i%60 == 37 && d.people[i-1].email != "":
		p.email = d.people[i-1].email
	}
	if p.agent < 0 && i%13 == 7 {
		p.left = d.start + (d.end-d.start)/10 + r.Int64N((d.end-d.start)*8/10)
	}
	o := object(p.uuid, class).text("title", p.title).text("lastName", surname).text("firstName", first).text("middleName", father).text("email", p.email)
	if class == "employee$employee" {
		o.text("login", login).text("post", a(r, "rank"))
	}
	o.text("parent", p.parent).text("mobilePhoneNumber", p.phone).number("number", i+1)
	if p.agent >= 0 {
		o.list("license", []string{"named"}).list("employeeSecGroups", []string{"C1_specialist"}).yes("performer", true).list("teams", []string{d.teams[p.team].uuid})
	} else {
		o.list("license", []string{"notLicensed"})
	}
	if p.left == 0 {
		o.yes("isEmployeeActive", true).at("creationDate", at).at("lastModifiedDate", at)
	} else {
		o.yes("isEmployeeLocked", true).at("creationDate", at).at("lastModifiedDate", p.left).yes("removed", true).at("removalDate", p.left)
	}
	d.people = append(d.people, p)
	d.add("employee", o)
}

// slaHours are the hours to react and to solve by priority, critical first.
var (
	priorities = []string{"critical", "high", "medium", "normal"}
	reactHours = []int{1, 1, 2, 4}
	solveHours = []int{4, 8, 24, 40}
)

// addServices makes agreements with their rules, services and the company itself.
func (d *Desk) addServices(clients []string) {
	var agreements []string
	for i, title := range []string{"Базовое соглашение", "Расширенное соглашение"} {
		uuid, at := d.newUUID("agreement")
		agreements = append(agreements, uuid)
		o := object(uuid, "agreement$agreement").text("title", title).text("state", "registered").text("supportHours", d.item("servicetime", "8x5")).
			text("serviceHours", d.item("servicetime", "8x5")).text("priorityRule", d.item("rulesSettings", "priority")).text("resolutionTimeRule", d.item("rulesSettings", "resolutionTimeNew")).
			hours("timeToReact", 2).hours("timeToSolve", 24).number("reactionTime", 120).text("resp_te", d.teams[0].uuid).text("inventoryNumber", fmt.Sprintf("B%03d", i+1)).
			at("creationDate", at).at("lastModifiedDate", at)
		if i == 0 {
			o.yes("allRecipients", true)
		} else {
			o.list("recipientsOU", clients)
		}
		d.add("agreement", o)
		for p, code := range priorities {
			for _, rule := range []struct {
				class string
				hours int
			}{{"agreementRule$agreementRule", solveHours[p]}, {"agreementRule$reactRule", reactHours[p]}} {
				id, at := d.newUUID("agreementRule")
				d.add("agreementRule", object(id, rule.class).text("title", code).text("parent", uuid).list("priority", []string{d.item("priority", code)}).
					list("typesSCs", []string{"serviceCall$serviceCall", "serviceCall$request"}).hours("resolutionTime", rule.hours).at("creationDate", at).at("lastModifiedDate", at))
			}
		}
	}
	d.agreements = agreements
	for _, t := range topics {
		if _, made := d.services[t.service]; made {
			continue
		}
		uuid, at := d.newUUID("slmService")
		s := service{uuid, len(d.services) % len(d.teams)}
		d.services[t.service] = s
		d.add("slmService", object(uuid, "slmService$slmService").text("title", t.service).text("state", "registered").list("agreements", agreements).
			list("callCases", []string{"serviceCall$serviceCall", "serviceCall$request", "serviceCall$call"}).text("responsibleTeam", d.teams[s.team].uuid).
			text("inventoryNumber", fmt.Sprintf("%02d", len(d.services)-1)).at("creationDate", at).at("lastModifiedDate", at))
	}
	d.add("root", object("root$101", "root").text("title", "АО «Заря»").text("timeZone", d.item("timezone", "Europe/Moscow")).text("serviceTime", d.item("servicetime", "8x5")).
		text("responsDef_te", d.teams[0].uuid).number("NScClDays", 3).number("NScWDays", 1).yes("isSCFrNotReg", true).yes("keyInsert", true).number("keyLifesDays", 14).yes("keyReusable", true))
	for _, text := range []string{"Уточните, пожалуйста, когда возникла ошибка.", "Заявка решена, проверьте, пожалуйста."} {
		uuid, at := d.newUUID("template")
		d.add("template", object(uuid, "template$templateCom").text("title", text).text("text", "<div>"+text+"</div>").at("creationDate", at).at("lastModifiedDate", at))
	}
}

var assetClasses = []string{"Workstation", "Notebook", "Printer", "MFU", "Monitor", "Phone", "Router", "Switch", "Server"}

// addAssets gives out numbers; their lines are made when the tickets are known.
func (d *Desk) addAssets(n int) {
	for i := range n {
		uuid, _ := d.newUUID("objectBase")
		d.assets = append(d.assets, asset{uuid, assetClasses[i%len(assetClasses)]})
	}
}

// addArticles makes a small knowledge base.
func (d *Desk) addArticles() {
	section, at := d.newUUID("KB")
	d.add("KB", object(section, "KB$KBSectionOpen").text("title", "Для сотрудников").text("state", "registered").at("creationDate", at).at("lastModifiedDate", at))
	r := d.rand(streamPeople, 1)
	for _, t := range topics {
		uuid, at := d.newUUID("KB")
		d.add("KB", object(uuid, "KB$KBArticleOpen").text("title", fill(r, t.subject)).text("text", "<div>"+a(r, "solution")+"</div>").text("state", "registered").
			text("parent", section).list("services", []string{d.services[t.service].uuid}).at("creationDate", at).at("lastModifiedDate", at))
	}
}
