package media

import (
	"math"

	"ringback/internal/audio"
)

// cadence is a signal of a country's exchanges.
type cadence struct {
	hz  []float64 // sounding together
	mod float64   // Hz of a beat on the tone, 0 = none
	ms  []int     // sound, pause, sound, pause …
}

// signals are what callers of a country know. Sources: ITU-T E.180 supplement 2 ("Various tones used in national
// networks") as collected in the indications of public telephone software; AU: ACIF S002; NZ: TNA 102; GB, IE:
// SIN 350. North America, Hong Kong and Korea use the precise tone plan.
type signals struct{ ring, busy cadence }

var countries = map[string]signals{
	"AT": {one(420, 1000, 5000), one(420, 400, 400)},
	"AU": {double(400, 450), one(425, 375, 375)},
	"BE": {one(425, 1000, 3000), one(425, 500, 500)},
	"BG": {one(425, 1000, 4000), one(425, 500, 500)},
	"BR": {one(425, 1000, 4000), one(425, 250, 250)},
	"CA": northAmerica,
	"CH": {one(425, 1000, 4000), one(425, 500, 500)},
	"CL": {one(400, 1000, 3000), one(400, 500, 500)},
	"CN": {one(450, 1000, 4000), one(450, 350, 350)},
	"CZ": {one(425, 1000, 4000), one(425, 330, 330)},
	"DE": {one(425, 1000, 4000), one(425, 480, 480)},
	"DK": europe,
	"EE": {one(425, 1000, 4000), one(425, 300, 300)},
	"ES": {one(425, 1500, 3000), one(425, 200, 200)},
	"FI": {one(425, 1000, 4000), one(425, 300, 300)},
	"FR": {one(440, 1500, 3500), one(440, 500, 500)},
	"GB": {double(400, 450), one(400, 375, 375)},
	"GR": {one(425, 1000, 4000), one(425, 300, 300)},
	"HK": {cadence{[]float64{440, 480}, 0, []int{400, 200, 400, 3000}}, cadence{[]float64{480, 620}, 0, []int{500, 500}}},
	"HU": {one(425, 1250, 3750), one(425, 300, 300)},
	"IE": {double(400, 450), one(425, 500, 500)},
	"IL": {one(400, 1000, 3000), one(400, 500, 500)},
	"IN": {beat(400, 25, 400, 200, 400, 2000), one(400, 750, 750)},
	"IT": europe,
	"JP": {beat(400, 16, 1000, 2000), one(400, 500, 500)},
	"KR": {cadence{[]float64{440, 480}, 0, []int{1000, 2000}}, cadence{[]float64{480, 620}, 0, []int{500, 500}}},
	"LT": {one(425, 1000, 4000), one(425, 350, 350)},
	"MX": {one(425, 1000, 4000), one(425, 250, 250)},
	"NL": europe,
	"NO": europe,
	"NZ": {double(400, 450), one(400, 500, 500)},
	"PL": europe,
	"PT": {one(425, 1000, 5000), one(425, 500, 500)},
	"RU": {one(425, 800, 3200), one(425, 400, 400)},
	"SE": {one(425, 1000, 5000), one(425, 250, 250)},
	"SG": {beat(425, 24, 400, 200, 400, 2000), one(425, 750, 750)},
	"TR": {one(450, 2000, 4000), one(450, 500, 500)},
	"US": northAmerica,
	"ZA": {beat(400, 33, 400, 200, 400, 2000), one(400, 500, 500)},
}

// Countries not in the table get europe, which E.180 recommends; the islands of the +1 numbering plan get its tones.
var (
	europe       = signals{one(425, 1000, 4000), one(425, 500, 500)}
	northAmerica = signals{cadence{[]float64{440, 480}, 0, []int{2000, 4000}}, cadence{[]float64{480, 620}, 0, []int{500, 500}}}
	nanp         = []string{"AG", "AI", "AS", "BB", "BM", "BS", "DM", "DO", "GD", "GU", "JM", "KN", "KY", "LC", "MP", "MS", "PR", "SX", "TC", "TT", "VC", "VG", "VI"}
)

func one(hz float64, ms ...int) cadence       { return cadence{hz: []float64{hz}, ms: ms} }
func beat(hz, mod float64, ms ...int) cadence { return cadence{hz: []float64{hz}, mod: mod, ms: ms} }
func double(hz ...float64) cadence            { return cadence{hz: hz, ms: []int{400, 200, 400, 2000}} }

func signalsOf(region string) signals {
	if s, ok := countries[region]; ok {
		return s
	}
	for _, r := range nanp {
		if r == region {
			return northAmerica
		}
	}
	return europe
}

// render returns one turn of the cadence. Together the tones are as loud as E.180 asks, about -13 dB below full scale.
func (c cadence) render() []int16 {
	var out []int16
	for i, ms := range c.ms {
		t := audio.Tone{Ms: ms}
		if i%2 == 0 {
			t.Hz, t.Level = c.hz, 0.28/math.Sqrt(float64(len(c.hz)))
		}
		part := audio.Render(t)
		c.modulate(part)
		soften(part, 5)
		out = append(out, part...)
	}
	return out
}

// modulate lets the level swing at c.mod, to a tenth and back.
func (c cadence) modulate(s []int16) {
	if c.mod == 0 {
		return
	}
	for i, v := range s {
		s[i] = int16(float64(v) * (0.55 + 0.45*math.Sin(2*math.Pi*c.mod*float64(i)/audio.Rate)))
	}
}

// soften fades a sound in and out, so that it does not click.
func soften(s []int16, ms int) {
	n := min(ms*audio.Rate/1000, len(s)/2)
	for i := range n {
		s[i] = int16(int(s[i]) * i / n)
		j := len(s) - 1 - i
		s[j] = int16(int(s[j]) * i / n)
	}
}
