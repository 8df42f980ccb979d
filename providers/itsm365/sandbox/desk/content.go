package desk

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/adler32"
	"hash/crc32"
	"slices"
)

// A sort is what files can be.
type sortOf struct{ title, mimeType string }

var attachments = []sortOf{
	{"Снимок экрана %d.png", "image/png"},
	{"журнал-%d.txt", "text/plain"},
	{"Список рабочих мест %d.csv", "text/csv"},
	{"пустой %d.log", "text/plain"},
}

func (d *Desk) fileLine(i int) *line {
	f := &d.files[i]
	owner, class := d.ticketUUID(f.ticket), d.tickets[f.ticket].class
	relation := "files"
	if f.comment >= 0 {
		owner, class = uuid("comment", d.comments[f.comment].num), "comment"
	}
	if f.inline {
		relation = map[bool]string{true: "text", false: "descriptionRTF"}[f.comment >= 0]
	}
	kind := d.sort(i)
	return object(uuid("file", f.num), "file").text("title", fmt.Sprintf(kind.title, i+1)).number("fileSize", len(d.content(i))).text("mimeType", kind.mimeType).
		at("creationDate", f.at).text("author", d.personUUID(f.author)).text("relation", relation).text("source", owner).text("sourceFqn", class).yes("imgFromRTF", f.inline)
}

// largest is the size of the one large file that a desk with 300 files and more has.
const largest = 5 << 20

var dump = sortOf{"Дамп памяти %d.dmp", "application/octet-stream"}

func (d *Desk) sort(i int) sortOf {
	switch {
	case d.files[i].inline:
		return sortOf{"image%03d.png", "image/png"}
	case i == d.firstPlain() && len(d.files) >= 300:
		return dump
	case i%40 == 39:
		return attachments[3]
	}
	return attachments[i%3]
}

// firstPlain is the first file that is no picture in a text.
func (d *Desk) firstPlain() int {
	return slices.IndexFunc(d.files, func(f file) bool { return !f.inline })
}

// content makes the bytes of a file: a small picture, a log, a table, or nothing.
func (d *Desk) content(i int) []byte {
	r := d.rand(streamFile, i)
	switch kind := d.sort(i); {
	case kind == attachments[3]:
		return nil
	case kind == dump:
		b := make([]byte, 0, largest)
		for len(b) < largest {
			b = binary.LittleEndian.AppendUint64(b, r.Uint64())
		}
		return b
	case kind.mimeType == "image/png":
		return picture(8+r.IntN(24), 8+r.IntN(24), byte(r.IntN(256)))
	case kind.mimeType == "text/csv":
		var b bytes.Buffer
		b.WriteString("Номер;Место;Сотрудник\r\n")
		for n := range 3 + r.IntN(30) {
			fmt.Fprintf(&b, "%d;%s;%s\r\n", n+1, fill(r, a(r, "place")), a(r, "surname"))
		}
		return b.Bytes()
	}
	var b bytes.Buffer
	for n := range 5 + r.IntN(60) {
		fmt.Fprintf(&b, "%s ERROR %04d %s\n", instant(d.files[i].at+int64(n)), r.IntN(10000), fill(r, a(r, "internal")))
	}
	return b.Bytes()
}

// picture is a PNG of one grey. Its data are one stored block, so that no compressor has a say in the bytes.
func picture(width, height int, grey byte) []byte {
	var raw []byte
	for range height {
		raw = append(append(raw, 0), bytes.Repeat([]byte{grey}, width)...)
	}
	data := []byte{0x78, 0x01, 1}
	data = binary.LittleEndian.AppendUint16(data, uint16(len(raw)))
	data = binary.LittleEndian.AppendUint16(data, ^uint16(len(raw)))
	data = binary.BigEndian.AppendUint32(append(data, raw...), adler32.Checksum(raw))
	out := []byte("\x89PNG\r\n\x1a\n")
	chunk := func(name string, body []byte) {
		out = binary.BigEndian.AppendUint32(out, uint32(len(body)))
		start := len(out)
		out = append(append(out, name...), body...)
		out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[start:]))
	}
	head := binary.BigEndian.AppendUint32(nil, uint32(width))
	head = binary.BigEndian.AppendUint32(head, uint32(height))
	chunk("IHDR", append(head, 8, 0, 0, 0, 0))
	chunk("IDAT", data)
	chunk("IEND", nil)
	return out
}
