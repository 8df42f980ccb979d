package scope

import (
	"math/rand"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestMask(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"Иванова Анна", "Ххххххх Хххх"},
		{"anna.ivanova@acme.example", "xxxx.xxxxxxx@xxxx.xxxxxxx"},
		{"+7 (900) 000-05-12", "+9 (999) 999-99-99"},
		{"ёж №7", "хх №9"},
		{"2026.03.02 09:14:55", "9999.99.99 99:99:99"},
		{"李明 東京", "xx xx"},
		{"Ünïcode ǅ", "Xxxxxxx X"},
		{"e\u0301", "x"},
		{"a\u202eb\u200bc\x00d", "xxxx"},
		{"  two \n\t lines ", "xxx xxxxx"},
		{"٣½Ⅷ", "999"},
		{"☎ {key} ~|`$^\\", "· ·xxx· ······"},
		{strings.Repeat("я", 40), strings.Repeat("х", 32) + "…"},
		{"\xff\xfe", ""},
		{"", ""},
	} {
		if got := Mask(tt.in); got != tt.want {
			t.Errorf("Mask(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

// FuzzMask: whatever comes, no letter and no digit of it is left, the shape is short, and masking twice changes nothing.
func FuzzMask(f *testing.F) {
	for _, s := range []string{"Иванова Анна", "a@b.example", "+7 900", "<script>", "\u202e", "\xff", "٣½", strings.Repeat("ab", 40), "…", "9xх"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Mask(s)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > sampleLength+1 {
			t.Fatalf("%q", got)
		}
		for _, r := range got {
			if (unicode.IsLetter(r) || unicode.IsNumber(r)) && !strings.ContainsRune("xXхХ9", r) {
				t.Fatalf("%q of %q is in %q", r, s, got)
			}
			if !unicode.IsLetter(r) && !unicode.IsNumber(r) && !strings.ContainsRune(kept+"·…", r) {
				t.Fatalf("the sign %q is in %q", r, got)
			}
		}
		if again := Mask(got); again != got && utf8.RuneCountInString(got) <= sampleLength {
			t.Fatalf("%q, again %q", got, again)
		}
	})
}

// FuzzTexts: what reads texts of the tenant takes anything, and shows no code that is none.
func FuzzTexts(f *testing.F) {
	for _, s := range []string{"<div>пароль: Qwerty12</div>", "a<", "&lt;x&gt;", "accessKey=0badcafe-1111", "4111 1111 1111 1111", "priority$1001", "serviceCall$x", "Склад Иванова", "</td><script>"} {
		f.Add(s)
	}
	n := newNames()
	n.add("Иванов Пётр")
	f.Fuzz(func(t *testing.T, s string) {
		_, _, _ = plain(s), scriptOf(s), secretsIn(s)
		for _, shown := range []string{ident(s), keyOf(s)} {
			if shown != s && shown != Mask(s) {
				t.Fatalf("%q became %q", s, shown)
			}
			if strings.ContainsAny(shown, "<>\"&`|\n") && !strings.ContainsAny(Mask(s), "<>\"&`|\n") {
				t.Fatalf("%q became %q", s, shown)
			}
		}
		if code, _ := n.item("trainer", "trainer$1", s, ""); code != s && code != "trainer$1" || code == s && s != "" && !itemCode.MatchString(s) {
			t.Fatalf("%q became %q", s, code)
		}
		named := n.named(s)
		if named != Mask(s) && (n.has(named) || strings.ContainsRune(named, '@')) {
			t.Fatalf("%q names somebody", named)
		}
		if utf8.RuneCountInString(named) > 61 {
			t.Fatalf("%q is long", named)
		}
	})
}

func TestNamed(t *testing.T) {
	n := newNames()
	n.add("Иванов")
	n.add("Анна")
	n.add("Семёнов")
	n.add("Ян")
	n.addMail("p.sidorkin@corp.example")
	for _, tt := range []struct{ in, want string }{
		{"1. Критический", "1. Критический"},
		{"Склад Иванова", "Ххххх Ххххххх"},
		{"у Анны", "х Хххх"},
		{"Семенову", "Хххххххх"},
		{"help@acme.example", "xxxx@xxxx.xxxxxxx"},
		{"Дежурный 8 900 000 05 12", "Хххххххх 9 999 999 99 99"},
		{"Пн–Пт 09:00–18:00", "Пн–Пт 09:00–18:00"},
		{"Нет\nсвязи\u202e", "Нет связи"},
		{strings.Repeat("почта ", 20), strings.TrimSpace(strings.Repeat("почта ", 10)) + " …"},
		{"Орлова Жанна Викторовна", "Хххххх Ххххх Хххххххххх"},
		{"склад орлова жанна", "ххххх хххххх ххххх"},
		{"Директор: Ян", "Хххххххх: Хх"},
		{"Кабинет Яна", "Ххххххх Ххх"},
		{"kuzn(at)corp.ru t.me/kuzn", "xxxx(xx)xxxx.xx x.xx/xxxx"},
		{"Пароль от сейфа Zx8!kk", "Хххххх хх ххххх Xx9!xx"},
		{"Кассы и эквайринг", "Кассы и эквайринг"},
		{"Доступ к zx8kk1", "Хххххх х xx9xx9"},
		{"Склад sidorkin", "Ххххх xxxxxxxx"},
		{"Высокая доб 99912", "Высокая доб 99999"},
		{"Высокая (доб. 12)", "Высокая (доб. 99)"},
		{"Высокая, вн.: 12-34, 56-78", "Высокая, вн.: 99-99, 99-99"},
		{"Высокая, внутр. 4321", "Высокая, внутр. 9999"},
		{"Высокая, внутренний номер 4321", "Высокая, внутренний номер 9999"},
		{"Высокая тел. №4321", "Высокая тел. №9999"},
		{"Телефон 4321", "Телефон 9999"},
		{"Phone: 4321", "Phone: 9999"},
		{"Высокая 99912", "Высокая 99912"},
		{"Офис 2024", "Офис 2024"},
		{"Печать, внедрение 2024", "Печать, внедрение 2024"},
		{"Телефония 2024", "Телефония 2024"},
		{"Почта, версия 10.15", "Почта, версия 10.15"},
		{"Пн–Пт, Иваненко", "Хх–Хх, Хххххххх"},
	} {
		if got := n.named(tt.in); got != tt.want {
			t.Errorf("named(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

// TestWithout: a message of the service shows no number by which somebody is called.
func TestWithout(t *testing.T) {
	if got, want := newNames().without("Нет прав в 2026, звоните: доб. 99912 или ext 4321"), "Нет прав в 2026, звоните: доб. 99999 или ext 9999"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestItem: a code is shown where it is of the stock or its words name nobody.
func TestItem(t *testing.T) {
	n := newNames()
	n.add("Кузнецов")
	n.addMail("sidorkin@corp.example")
	n.addMail("shop@corp.example")
	for _, tt := range []struct{ catalog, code, title, wantCode, wantTitle string }{
		{"priority", "critical", "1. Критический", "critical", "1. Критический"},
		{"priority", "critical", "1. Орлова", "critical", "9. Хххххх"},
		{"priority", "orlova_zhanna", "Орлова Жанна Викторовна", "x$1", "Хххххх Ххххх Хххххххххх"},
		{"trainer", "sidorkin.p", "Телефон", "x$1", "Телефон"},
		{"trainer", "shop", "", "x$1", ""},
		{"trainer", "resolved", "Дубль", "resolved", "Дубль"},
		{"category", "pfojectStart", "", "pfojectStart", ""},
		{"trainer", "cashDesk2", "", "cashDesk2", ""},
		{"trainer", "K1", "", "K1", ""},
		{"trainer", "VPN_access", "", "VPN_access", ""},
		{"trainer", "phone_99912", "Высокая доб 99912", "x$1", "Высокая доб 99999"},
		{"trainer", "phone2", "", "phone2", ""},
		{"trainer", "ZHANNA", "", "x$1", ""},
		{"trainer", "79000000512", "", "x$1", ""},
		{"timezone", "Asia/Yekaterinburg", "Екатеринбург (UTC+5)", "Asia/Yekaterinburg", "Екатеринбург (UTC+5)"},
		{"trainer", "Asia/Yekaterinburg", "", "x$1", ""},
	} {
		code, title := n.item(tt.catalog, "x$1", tt.code, tt.title)
		if code != tt.wantCode || title != tt.wantTitle {
			t.Errorf("%s %s %q: %q %q, want %q %q", tt.catalog, tt.code, tt.title, code, title, tt.wantCode, tt.wantTitle)
		}
	}
}

func TestSecrets(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"a one-click link", `<a href="https://x.example/edit?accessKey=0badcafe-1111-4222">5</a>`, "access_key"},
		{"two links", "accessKey=0badcafe1111 и accessKey=0badcafe2222", "access_key access_key"},
		{"a password behind a colon", "Ваш пароль: Zima2026", "password"},
		{"an English one", "password = hunter22", "password"},
		{"a word with digits behind the word", "новый пароль Zima2026 запишите", "password"},
		{"one secret, two expressions", "password: Zima2026", "password"},
		{"talk about passwords", "Сменили вам пароль, новый продиктуем по телефону.", ""},
		{"what follows is a word", "Вы недавно меняли пароль учётной записи?", ""},
		{"a bearer token", "Authorization: Bearer abcdef0123456789", "token"},
		{"a token behind a colon", "токен: abcdef0123456789", "token"},
		{"talk about tokens", "Истёк токен доступа модуля проверки, продлить.", ""},
		{"a JWT", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.sig", "token"},
		{"a key of a cloud", "AKIAIOSFODNN7EXAMPLE", "token"},
		{"a PEM block", "-----BEGIN RSA PRIVATE KEY-----", "private_key"},
		{"a card's number", "карта 4111 1111 1111 1111", "card"},
		{"sixteen digits that are none", "заказ 4111 1111 1111 1112", ""},
		{"a phone number", "+7 900 000-05-12", ""},
		{"nothing", "Принтер не печатает", ""},
		{"of what it is", "пароль от почты: Abcd12345", "password"},
		{"of a net", "пароль к wifi: Abcd12345", "password"},
		{"of an address", "пароль от box@corp.example: Abcd12345", "password"},
		{"in the next line", "Ваш пароль:\nAbcd12345", "password"},
		{"in the line after an empty one", "Пароль:\r\n\r\n  Abcd12345", "password"},
		{"with entities", "пароль&nbsp;&mdash; Abcd12345", "password"},
		{"with entities beside a link", `<a href="https://x.example/?accessKey=0badcafe-1111">1</a> пароль:&nbsp;Abcd12345`, "access_key password"},
		{"in a table", "<tr><td>Пароль:</td><td>Abcd12345</td></tr>", "password"},
		{"an account and its password", "учётка admin / Qwe123!@#", "password"},
		{"a login and its password", "логин: p.petrov / Qwe123!@#", "password"},
		{"both heads, both values", "логин/пароль: admin/Qwe123!@#", "password"},
		{"in an address", "https://user:pa55word@host/", "password"},
		{"in the address of a link", `<a href="ftp://user:pa55word@host/">файлы</a>`, "password"},
		{"a key of an API", "ключ api: 8f14e45fceea167a5a36dedd4bea2543", "token"},
		{"a key of an API, the other way", "API-ключ — 8f14e45fceea167a5a36dedd4bea2543", "token"},
		{"a key of a model", "sk-proj-AbC1dEfGh2iJkLmNoP3", "token"},
		{"a password was reset", "пароль сброшен: Abcd12345", "password"},
		{"signs and no digit", "Пароль: qwe!rty", "password"},
		{"digits alone", "пароль: 12345678", "password"},
		{"a Latin word behind a Russian one", "пароль: qwerty спасибо", "password"},
		{"a word that ends the line", "password: letmein\nThanks", "password"},
		{"two of them", "пароль: Abcd12345, старый пароль: Zima2026", "password password"},
		{"advice behind a colon", "пароль: сбросьте через портал", ""},
		{"one word of advice", "пароль: сбросьте", ""},
		{"advice without one", "пароль сменить завтра", ""},
		{"advice behind what it is of", "пароль от почты: сбросьте через портал", ""},
		{"a rule", "пароль — минимум 8 символов", ""},
		{"a rule in numbers", "пароль: 8-значный", ""},
		{"a date", "пароль истекает: 12.05.2026", ""},
		{"where it comes", "пароль придёт на почту: box@corp.example", ""},
		{"where it is changed", "сменить пароль: https://portal.example/reset", ""},
		{"stars", "пароль: ********", ""},
		{"an English sentence", "password: please reset it", ""},
		{"a word that ends in pass", "compass: Abcd12345", ""},
		{"an address with a port", "https://host.example:8443/a@b", ""},
		{"a key to a door", "ключ от склада: на вахте", ""},
		{"talk of accounts", "учётка заблокирована / отключена", ""},
		{"a word in -sk", "task-force-of-the-year sk-one-two-three-four-five", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(secretsIn(tt.in), " "); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestScript(t *testing.T) {
	for in, want := range map[string]string{"Привет, Bob": "ru", "Hello, мир, how are you": "en", "你好": "other", "12:30 !": "none", "": "none"} {
		if got := scriptOf(in); got != want {
			t.Errorf("scriptOf(%q) = %s, want %s", in, got, want)
		}
	}
}

// TestSketch: exact up to its size, and close beyond.
func TestSketch(t *testing.T) {
	for _, n := range []int{0, 1, 1000, sketchSize, 50000} {
		var s sketch
		order := rand.New(rand.NewSource(1)).Perm(n)
		for range 2 {
			for _, i := range order {
				s.add("value " + strconv.Itoa(i))
			}
		}
		got, about := s.count()
		if n <= sketchSize && (got != n || about) {
			t.Errorf("%d values are counted as %d, about: %v", n, got, about)
		}
		if n > sketchSize && (!about || got < n*90/100 || got > n*110/100) {
			t.Errorf("%d values are counted as %d, about: %v", n, got, about)
		}
		if len(s.hashes) > sketchSize {
			t.Errorf("it holds %d hashes", len(s.hashes))
		}
	}
}

// TestPhrases: every phrase is there in both languages, with the same places for values.
func TestPhrases(t *testing.T) {
	for id, p := range phrases {
		for lang, text := range p {
			if strings.TrimSpace(text) == "" {
				t.Errorf("%s is empty in language %d", id, lang)
			}
			if strings.Contains(strings.ReplaceAll(text, "%s", ""), "%") {
				t.Errorf("%s has a place that is not %%s: %s", id, text)
			}
		}
		if strings.Count(p[0], "%s") != strings.Count(p[1], "%s") {
			t.Errorf("%s has other places in Russian: %s | %s", id, p[0], p[1])
		}
		cyrillic := strings.ContainsFunc(p[1], func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) })
		if !cyrillic && strings.ContainsFunc(strings.ReplaceAll(p[1], "%s", ""), unicode.IsLetter) && p[1] != "PDF" {
			t.Errorf("%s is not translated: %s", id, p[1])
		}
		if strings.ContainsFunc(p[0], func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) && r != 'х' }) {
			t.Errorf("%s is Russian in English: %s", id, p[0])
		}
	}
}
