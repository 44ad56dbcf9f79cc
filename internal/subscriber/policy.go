package subscriber

import (
	"slices"
	"strings"

	"ringback/internal/fault"
	"ringback/internal/phone"
)

// callable are the classes of numbers that a business may call; everything else costs more than it says or belongs to
// nobody who asked.
var callable = []phone.Class{phone.Fixed, phone.Mobile, phone.FixedOrMobile, phone.VoIP}

// Ordinary says whether a number costs what it seems to: a landline or a mobile, wherever it is.
func Ordinary(n phone.Number) bool {
	return slices.Contains(callable, n.Class()) && n.Region() != "001"
}

// MayCall is the number policy: the business's own countries, ordinary telephones, never region 001.
func (s *Subscriber) MayCall(n phone.Number) error {
	switch region, class := n.Region(), n.Class(); {
	case class == phone.Emergency:
		return fault.At("number", fault.NumberEmergency, "Emergency numbers are never called from here. Dial them on your telephone.")
	case region == "001" || !slices.Contains(s.Regions, region):
		return fault.At("number", fault.NumberRegion, "%s calls numbers of %s only. Give a number of that country, or write to us instead.", s.Name, strings.Join(s.Regions, ", "))
	case !slices.Contains(callable, class):
		return fault.At("number", fault.NumberType, "Numbers of this kind cannot be called. Give an ordinary landline or mobile number.")
	}
	return nil
}
