package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"

	"deskform/plan"
	"deskform/providers/itsm365"
	"deskform/providers/transport"
)

// stock are the classes and catalogs that are asked for in any case (IT 3.2 to 3.7, 6), with catalogs that tenants add to
// changes; so are those of the model. What the tenant has beside them is found by the links of what was read.
var stock = []string{
	"root", "ou", "team", "employee", "slmService", "agreement", "agreementRule", "serviceCall", "task", "negotiation", "vote", "problem", "changeRequest",
	"objectBase", "KB", "workRecord", "template", "domain", "markBase", "chatSession", "mail_sys", "mailLogRecord", "reportInstance",
	"priority", "urgency", "impact", "category", "closureCode", "mark", "wayAdressing", "servicetime", "timezone", "rulesSettings", "overDue",
	"RFCcategories", "reasonForDecl", "producer", "distribution", "typeCI", "sortwareType", "period", "fromQuestion",
	"changeType", "riskLevel", "adminLogRecord", "interfaceTour", "predictiveModel", "event",
}

// stockTypes are read one by one where their class is refused: rights may be given by type.
var stockTypes = map[string][]string{
	"serviceCall": {"serviceCall$serviceCall", "serviceCall$request", "serviceCall$call"},
}

// owning are the stock classes whose objects have comments and files (IT 2.7). Those of the tenant's own classes do too.
var owning = []string{"serviceCall", "task", "problem", "changeRequest", "KB", "objectBase", "negotiation", "vote", "slmService", "reportInstance"}

// A ClassReport is what became of a class.
type ClassReport struct {
	Class string `json:"class"`
	// File and Objects are of a class that was read.
	File    string `json:"file,omitempty"`
	Objects int    `json:"objects"`
	// LeftOut are attributes that were not asked for: the far ends of links, and secrets.
	LeftOut []string `json:"left_out,omitempty"`
	// Broken are the places of what is no object.
	Broken []string `json:"broken,omitempty"`
	// Asked says of comments and files how they were read, Owners how many objects were asked.
	Asked  string `json:"asked,omitempty"`
	Owners int    `json:"owners,omitempty"`
	// OfClasses are the classes of the owners that were asked.
	OfClasses []string `json:"of_classes,omitempty"`
	Keys      int      `json:"keys_removed,omitempty"`
	// Refused is why it cannot be read.
	Refused string `json:"refused,omitempty"`
	// Found are the classes that its links lead to.
	Found []string `json:"-"`
	// Catalog: its objects are items of a catalog.
	Catalog bool `json:"catalog,omitempty"`
}

// entry is a ClassReport in the journal.
type entry struct {
	ClassReport
	Found []string `json:"found,omitempty"`
}

// readClasses reads every class but comments and files. A class that was read whole before the interruption is not read
// again; one that was refused is asked for again.
func (r *run) readClasses(ctx context.Context, m *Manifest) error {
	done := map[string]ClassReport{}
	j, err := r.f.openJournal("classes.done", func(line []byte) (bool, error) {
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return false, nil
		}
		if _, err := os.Stat(r.f.path(e.File)); err != nil {
			return false, fmt.Errorf("%s is gone; write into another folder", e.File)
		}
		e.ClassReport.Found = e.Found
		done[e.Class] = e.ClassReport
		return true, nil
	})
	if err != nil {
		return err
	}
	defer func() { _ = j.close() }() // each entry is on the disk
	queue := append(slices.Clone(stock), itsm365.Classes()...)
	for _, c := range r.Classes {
		queue = append(queue, classOf(c))
	}
	names, seen := taken{}, map[string]bool{}
	for _, c := range []string{"comment", "file"} {
		seen[c] = true
		names.free(c + ".jsonl")
	}
	names.free(filesFile)
	for _, c := range r.Skip {
		seen[c] = true
	}
	for _, c := range done {
		names[fold(c.File)] = true
	}
	r.Stage("read classes", 0)
	for len(queue) > 0 {
		class := queue[0]
		queue = queue[1:]
		if seen[class] {
			continue
		}
		seen[class] = true
		report, ok := done[class]
		if !ok {
			if report, err = r.readClass(ctx, class, names); err != nil {
				return err
			}
			if report.File != "" {
				if err := errors.Join(j.note(entry{report, report.Found}), j.sync()); err != nil {
					return err
				}
			}
		}
		switch {
		case report.Refused != "":
			m.Unreadable = append(m.Unreadable, Unreadable{What: class, Why: report.Refused})
			queue = append(queue, stockTypes[class]...)
		case report.File == "":
			m.Empty = append(m.Empty, class)
		default:
			r.keep(m, report)
		}
		queue = append(queue, report.Found...)
	}
	return nil
}

// keep puts a class that was read into the manifest.
func (r *run) keep(m *Manifest, c ClassReport) {
	r.classes = append(r.classes, c)
	m.Classes = append(m.Classes, c)
	if c.Keys > 0 {
		m.KeysRemoved[c.Class] = c.Keys
	}
}

// readClass reads one class. A class that cannot be read, or lists nothing, has no file.
func (r *run) readClass(ctx context.Context, class string, names taken) (ClassReport, error) {
	report := ClassReport{Class: class}
	probe, err := r.Source.Probe(ctx, class)
	switch {
	case err != nil:
		return report, fmt.Errorf("archive: ask for %s: %w", class, err)
	case probe.Refused != "":
		report.Refused = probe.Refused
		return report, nil
	case probe.Empty:
		return report, nil
	}
	report.Catalog = slices.Contains(probe.Attributes, "code") && slices.Contains(probe.Attributes, "folder")
	for _, name := range leftOut(class) {
		if slices.Contains(probe.Attributes, name) {
			report.LeftOut = append(report.LeftOut, name)
		}
	}
	file := safeName(class) + ".jsonl"
	d, err := r.f.create(file)
	if err != nil {
		return report, err
	}
	defer d.drop()
	found := map[string]bool{}
	for row, err := range r.Source.Objects(ctx, class, "") {
		if err != nil {
			why, ends := r.refusal(ctx, err)
			if ends {
				return report, fmt.Errorf("archive: %w", err)
			}
			return ClassReport{Class: class, Refused: why}, nil
		}
		if err := r.row(d, row, &report, found); err != nil {
			return report, err
		}
	}
	report.File = names.free(file)
	d.name = report.File
	for f := range found {
		report.Found = append(report.Found, f)
	}
	slices.Sort(report.Found)
	return report, d.keep()
}

var metaClass = regexp.MustCompile(`"metaClass"\s*:\s*"(\w+)(?:\$\w+)?"`)

// row writes an object as a line, and notes the classes that its links lead to.
func (r *run) row(w interface{ Write([]byte) (int, error) }, row plan.Row, report *ClassReport, found map[string]bool) error {
	if row.Broken != "" {
		report.Broken = append(report.Broken, row.Pos)
		return nil
	}
	raw, keys := r.clean.JSON(row.JSON)
	line, err := oneLine(raw)
	if err != nil {
		return fmt.Errorf("archive: %s: %w", row.Key, err)
	}
	if _, err := w.Write(line); err != nil {
		return fmt.Errorf("archive: write %s: %w", report.Class, err)
	}
	report.Objects++
	report.Keys += keys
	for _, m := range metaClass.FindAllSubmatch(raw, -1) {
		if found != nil && !found[string(m[1])] {
			found[string(m[1])] = true
		}
	}
	r.Step(1)
	return nil
}

// refusal tells an error that is about one class or object from one that ends the run: the key is refused, nobody answers,
// the service is down.
func (r *run) refusal(ctx context.Context, err error) (why string, ends bool) {
	var he *transport.HTTPError
	if ctx.Err() != nil || !errors.As(err, &he) {
		return "", true
	}
	switch he.Status {
	case http.StatusUnauthorized, http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return "", true
	}
	return r.Redact.Text(he.Error()), he.Status < 400
}

func classOf(fqn string) string {
	class, _, _ := strings.Cut(fqn, "$")
	return class
}
