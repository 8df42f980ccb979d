package scope_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"deskform/providers/itsm365/sandbox"
	"deskform/providers/itsm365/scope"
)

// registered is a ticket of the small desk that was registered at a time.
func registered(number int, at string) string {
	return fmt.Sprintf(`{"UUID":"serviceCall$10%d","metaClass":"serviceCall$serviceCall","number":%d,"title":"%d","shortDescr":"x","description":"x","state":"registered","registrationDate":%q,"creationDate":%q,"clientEmployee":"employee$45"}`,
		number, number, number, at, at)
}

// TestTimeProofOverTheYear: a zone is proven when no other one meets the readings that differs from it while the tenant has
// dates; what is wanted besides is said.
func TestTimeProofOverTheYear(t *testing.T) {
	// Ticket 7 was registered in January 2026 at 06:30 UTC, 40 in July 2025 and 41 in July 2012 at 10:00 UTC.
	year := with(small, "serviceCall", "+"+registered(40, "2025-07-10T10:00:00Z"))
	autumn := with(year, "serviceCall", "+"+registered(42, "2025-10-28T10:00:00Z")) // two days after the clocks went back
	long := with(year, "serviceCall", "+"+registered(41, "2012-07-10T10:00:00Z"))
	adrift := with(year, "root", `{"UUID":"root$101","metaClass":"root","title":"Desk"}`)
	for _, tt := range []struct {
		name           string
		data           map[string]string
		server, stated string
		expect         map[string]string // on a screen in Moscow
		want           string
		says           []string // in English, Russian or both
	}{
		{"winter alone, and the server has summer time", year, "Europe/Berlin", "Africa/Lagos", map[string]string{"7": "02.01.2026 09:30"},
			`met 1 [Europe/Berlin] [2025-07]`, []string{"MET, BUT NOT PROVEN", "СОВПАДАЕТ, НО НЕ ДОКАЗАНО", "1 of 1", "also of tickets that were registered in 2025-07", "заявок, зарегистрированных в 2025-07"}},
		{"a month in which the clocks are changed is not proposed", autumn, "Europe/Berlin", "Africa/Lagos", map[string]string{"7": "02.01.2026 09:30"}, `met 1 [Europe/Berlin] [2025-07]`, nil},
		{"summer as well", year, "Europe/Berlin", "Africa/Lagos", map[string]string{"7": "02.01.2026 09:30", "40": "10.07.2025 13:00"},
			`mixed 2 [Europe/Berlin] []`, []string{"Other zones of the server meet all that could be checked: Europe/Berlin"}},
		{"the right zone by winter alone", year, "Europe/Berlin", "Europe/Berlin", map[string]string{"7": "02.01.2026 09:30"}, `met 1 [UTC+1] [2025-07]`, nil},
		{"the right zone by both", year, "Europe/Berlin", "Europe/Berlin", map[string]string{"7": "02.01.2026 09:30", "40": "10.07.2025 13:00"}, `proven 2 [] []`, []string{"2 of 2", "2 из 2"}},
		{"Moscow by winter: no zone has +3 there and another in summer", year, "Europe/Moscow", "Europe/Moscow", map[string]string{"7": "02.01.2026 09:30"}, `proven 1 [] []`, []string{"Proven: ", "Доказано: "}},
		{"Moscow by summer: Kyiv has +3 then", year, "Europe/Moscow", "Europe/Moscow", map[string]string{"40": "10.07.2025 13:00"}, `met 1 [Europe/Kyiv Europe/Chisinau Asia/Beirut] [2026-01]`, nil},
		{"Moscow since 2012: +4 until 2014", long, "Europe/Moscow", "Europe/Moscow", map[string]string{"7": "02.01.2026 09:30"}, `met 1 [Europe/Volgograd Europe/Minsk Europe/Istanbul] [2012-07]`, nil},
		{"Moscow since 2012, by both: Volgograd had +4 from 2018 to 2020", long, "Europe/Moscow", "Europe/Moscow", map[string]string{"7": "02.01.2026 09:30", "41": "10.07.2012 14:00"}, `met 2 [Europe/Volgograd] []`, []string{"No ticket was registered while they differ"}},
		{"the server has UTC all year", year, "UTC", "Europe/Moscow", map[string]string{"7": "02.01.2026 09:30", "40": "10.07.2025 13:00"}, `wrong 2 [UTC] []`, []string{"-180", "Other zones of the server meet all that could be checked: UTC."}},
		{"a ticket that is not there", year, "Europe/Moscow", "Europe/Moscow", map[string]string{"7": "02.01.2026 09:30", "99999": "02.01.2026 09:30"},
			`proven 1 [] []`, []string{"1 of 2", "1 из 2", "no listed ticket has the number: 99999", "заявок с этими номерами в списке нет: 99999", "| no such ticket |", "| заявки нет |"}},
		{"wrong, with one that is not there", year, "UTC", "Europe/Moscow", map[string]string{"7": "02.01.2026 09:30", "99999": "02.01.2026 09:30"}, `wrong 1 `, []string{"no listed ticket has the number: 99999"}},
		{"nobody knows where the screen is", adrift, "UTC", "Europe/Moscow", map[string]string{"7": "02.01.2026 06:30"}, `met 1 [] []`, []string{"nobody says in which zone the screen was", "пояс экрана неизвестен"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			src, _ := tenant(t, data(tt.data), sandbox.Profile{}, func(o *sandbox.Options) { o.ServerZone = tt.server })
			zone, err := time.LoadLocation(tt.stated)
			if err != nil {
				t.Fatal(err)
			}
			d, err := scope.Run(t.Context(), src, scope.Options{Zone: zone, ExpectTime: tt.expect})
			if err != nil {
				t.Fatal(err)
			}
			z := d.Time
			if got := fmt.Sprint(z.Verdict, " ", z.Checked, " ", z.Others, " ", z.Months); !strings.HasPrefix(got, tt.want) {
				t.Errorf("%s, want %s", got, tt.want)
			}
			var said bytes.Buffer
			for _, lang := range []string{scope.English, scope.Russian} {
				if err := scope.Markdown(&said, d, lang); err != nil {
					t.Fatal(err)
				}
			}
			for _, s := range tt.says {
				if !strings.Contains(said.String(), s) {
					t.Errorf("it does not say %q", s)
				}
			}
		})
	}
}
