package letter

import (
	"fmt"
	"net/mail"
	"strings"

	"ringback/internal/phone"
)

// ParseAddress reads where letters go. A number must be of a telephone that takes short messages and costs no more than
// others: mobile, or of a country where the digits do not tell.
func ParseAddress(k Kind, to string) (Address, error) {
	switch k {
	case Mail:
		a, err := mail.ParseAddress(to)
		if err != nil || a.Name != "" || a.Address != to || strings.ContainsAny(to, "\r\n") {
			return Address{}, fmt.Errorf("%q is no mail address: write name@example.com", to)
		}
		return Address{Mail, to}, nil
	case SMS:
		n, err := phone.Parse(to, "")
		if err != nil || !strings.HasPrefix(to, "+") {
			return Address{}, fmt.Errorf("%q is no number: write it with its country, +12025550112", to)
		}
		if !Takes(n) {
			return Address{}, fmt.Errorf("%s is a number of kind %s: short messages go to mobiles only", n.Mask(), n.Class())
		}
		return Address{SMS, n.E164()}, nil
	}
	return Address{}, fmt.Errorf("%q is no way for a letter: write mail or sms", k)
}

// Takes says whether a short message to the number may arrive, at an ordinary price.
func Takes(n phone.Number) bool {
	switch n.Class() {
	case phone.Mobile:
		return n.Region() != "001" // satellite telephones
	case phone.FixedOrMobile, phone.VoIP:
		return true
	}
	return false
}
