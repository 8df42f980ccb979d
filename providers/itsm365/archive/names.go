package archive

import (
	"cmp"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxName is how many bytes of a title become a file's name; file systems take 255, and the number stands before it.
const maxName = 150

// safeName is a title as the name of a file in any file system: letters of any script stay, and what is part of a path, a
// control character or a change of writing direction does not.
func safeName(title string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, strings.ContainsRune(`/\:*?"<>|`, r):
			return '_'
		case unicode.IsLetter(r), unicode.IsMark(r), unicode.IsDigit(r), unicode.IsPunct(r), unicode.IsSymbol(r), r == ' ':
			return r
		}
		return '_' // controls, joiners, other spaces
	}, norm.NFC.String(title))
	name = strings.Trim(name, " .")
	ext := path.Ext(name)
	if len(ext) > 12 || strings.ContainsFunc(ext[min(1, len(ext)):], func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		ext = ""
	}
	stem := strings.TrimSuffix(name, ext)
	for len(stem)+len(ext) > maxName {
		_, size := utf8.DecodeLastRuneInString(stem)
		stem = stem[:len(stem)-size]
	}
	return strings.TrimRight(stem, " .") + ext
}

// taken are the names that are used already, without regard to case: some file systems know none.
type taken map[string]bool

// free returns the name, or one like it that is not used yet.
func (t taken) free(name string) string {
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	for t[fold(name)] {
		stem += "_"
		name = stem + ext
	}
	t[fold(name)] = true
	return name
}

func fold(name string) string { return strings.ToLower(strings.ToUpper(name)) }

// filePath is where the file with this UUID is kept. The number makes it unique, a thousand share a folder.
func (t taken) filePath(uuid, title string) string {
	_, number, _ := strings.Cut(uuid, "$")
	thousand := "0"
	switch {
	case !digits(number):
		number, thousand = safeName(number), "other"
	case len(number) > 3:
		thousand = number[:len(number)-3]
	}
	name := cmp.Or(number, "file")
	if s := safeName(title); s != "" {
		name += "-" + s
	}
	return t.free("files/" + thousand + "/" + name)
}

func digits(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// harmless are the types of files that run nothing when they are opened by a click. The page links to no others: a page or
// a drawing (SVG) from the disk can run scripts.
var harmless = map[string]bool{
	".png": true, ".jpg": true, ".jpeg": true, ".gif": true, ".webp": true, ".bmp": true, ".tif": true, ".tiff": true, ".heic": true,
	".txt": true, ".log": true, ".csv": true, ".json": true, ".pdf": true, ".rtf": true, ".eml": true, ".msg": true,
	".doc": true, ".docx": true, ".xls": true, ".xlsx": true, ".ppt": true, ".pptx": true, ".odt": true, ".ods": true,
	".zip": true, ".7z": true, ".rar": true, ".mp3": true, ".wav": true, ".mp4": true, ".mov": true, ".avi": true,
}

// opens says whether the page may link to a file.
func opens(name string) bool { return harmless[strings.ToLower(path.Ext(name))] }
