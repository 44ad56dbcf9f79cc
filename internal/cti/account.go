package cti

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Account is a name that a carrier knows us by, with its password.
type Account struct {
	Username string
	Password string
}

// FromUser is who stands in From.
type FromUser string

const (
	FromCaller  FromUser = "caller"  // the number that calls
	FromAccount FromUser = "account" // the name of the account: many carriers that are registered with want it
)

// Family is which addresses of a trunk's name are used.
type Family string

const (
	FamilyBoth Family = "both"
	Family4    Family = "4"
	Family6    Family = "6"
)

// Times of a trunk. A router forgets a path that nobody uses after 30 s at the earliest, so a trunk is asked more often.
const (
	DefaultPing    = 15 * time.Second
	DefaultExpires = 10 * time.Minute
	LongestPing    = 25 * time.Second // of a trunk that is registered with
)

// Logins are the trunk's accounts, the main one first.
func (t *Trunk) Logins() []Account {
	var all []Account
	if t.Username != "" {
		all = append(all, Account{t.Username, t.Password})
	}
	return append(all, t.Accounts...)
}

// CheckLine says what of a trunk's accounts, times and numbers does not fit together, and the key that is wrong.
func (t *Trunk) CheckLine() (key string, err error) {
	seen := map[string]bool{}
	for i, a := range t.Logins() {
		if i > 0 || t.Username == "" {
			key = "accounts"
		} else {
			key = "username"
		}
		switch {
		case a.Username == "":
			return key, errors.New("an account needs a username")
		case strings.Trim(a.Username, userChars+"*#~!&=$%") != "":
			return key, fmt.Errorf("%q: a username holds letters, digits and -_.+", a.Username)
		case seen[a.Username]:
			return key, fmt.Errorf("%q stands there twice", a.Username)
		}
		seen[a.Username] = true
	}
	switch {
	case t.Register && len(seen) == 0:
		return "register", errors.New("it needs a username and password_file, or accounts")
	case t.FromUser == FromAccount && len(seen) == 0:
		return "from_user", errors.New("account needs a username, or accounts")
	case t.Expires != 0 && (t.Expires < time.Minute || t.Expires > time.Hour):
		return "expires", errors.New("1m to 1h")
	case t.Ping != 0 && (t.Ping < time.Second || t.Ping > time.Hour):
		return "ping", errors.New("0 (never), or 1s to 1h")
	case t.Register && t.Ping > LongestPing:
		return "ping", fmt.Errorf("at most %v with register: a router between would forget the way back", LongestPing)
	case t.Weight < 0 || t.Weight > 1000:
		return "weight", errors.New("0 to 1000")
	case t.NumberFormat == NationalNF && t.Country == "":
		return "country", errors.New("number_format national needs the country whose numbers are written so, such as DE")
	}
	for _, n := range t.ListedNumbers {
		if e := Endpoint("tel:" + n); e.Kind() != Tel || func() bool { _, err := ParseEndpoint(string(e)); return err != nil }() {
			return "listed_numbers", fmt.Errorf("%q is no number: write it with + and the country code", n)
		}
	}
	return "", nil
}
