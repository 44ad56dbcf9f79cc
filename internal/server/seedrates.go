package server

import (
	"bufio"
	"fmt"
	"strings"
	"time"

	"ringback/internal/cti"
	"ringback/internal/money"
)

// rates are those of the seed itself and those of a file, a row each: prefix,0.012 USD[,step]. A line that begins with # is
// a remark.
func (s *seedReader) rates(key string, t *seedTrunk) (out []cti.Rate) {
	for _, r := range t.Rates {
		out = append(out, cti.Rate{Prefix: r.Prefix, PerMinute: r.PerMinute, Step: r.Step})
	}
	if row, err := cti.CheckRates(out); err != nil {
		s.wrong(fmt.Sprintf("%s.rates[%d]", key, row), "%v", err)
		return nil
	}
	if t.RatesFile == "" {
		return out
	}
	all, err := readRates(s.secret(key+".rates_file", t.RatesFile))
	if err == nil {
		row, bad := cti.CheckRates(append(out, all...))
		if out = append(out, all...); bad != nil {
			err = fmt.Errorf("row of %q: %w", out[row].Prefix, bad)
		}
	}
	if err != nil {
		s.wrong(key+".rates_file", "%s: %v", t.RatesFile, err)
		return nil
	}
	return out
}

// readRates reads a table of rates.
func readRates(text string) (out []cti.Rate, err error) {
	lines := bufio.NewScanner(strings.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(line, ",")
		if len(cells) < 2 || len(cells) > 3 {
			return nil, fmt.Errorf("line %d: want prefix,amount or prefix,amount,step, such as +1,0.012 USD,60s", n)
		}
		r := cti.Rate{Prefix: strings.TrimSpace(cells[0])}
		if r.PerMinute, err = money.Parse(strings.TrimSpace(cells[1])); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if len(cells) == 3 {
			if r.Step, err = time.ParseDuration(strings.TrimSpace(cells[2])); err != nil {
				return nil, fmt.Errorf("line %d: %q is no duration such as 60s", n, cells[2])
			}
		}
		out = append(out, r)
		if len(out) > maxRates {
			return nil, fmt.Errorf("more than %d rows", maxRates)
		}
	}
	return out, lines.Err()
}

// maxRates is how many rows a table has at most.
const maxRates = 20_000
