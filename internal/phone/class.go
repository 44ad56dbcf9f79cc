package phone

import (
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Class is what kind of telephone a number belongs to.
type Class string

const (
	Fixed         Class = "fixed"
	Mobile        Class = "mobile"
	FixedOrMobile Class = "fixed_or_mobile" // where the digits do not tell, as in the USA
	VoIP          Class = "voip"
	TollFree      Class = "toll_free"
	Premium       Class = "premium"
	SharedCost    Class = "shared_cost"
	Personal      Class = "personal" // follows a person, at the caller's cost
	UAN           Class = "uan"      // one number for a whole company
	Pager         Class = "pager"
	Voicemail     Class = "voicemail"
	Emergency     Class = "emergency"
	Unknown       Class = "unknown"
)

// Class returns the kind of telephone, Unknown of what is not valid. Satellite telephones count as Mobile: their
// region, "001", tells them apart.
func (n Number) Class() Class {
	p, err := phonenumbers.Parse(string(n), "")
	if err != nil {
		return Unknown
	}
	if emergencyIn(phonenumbers.GetNationalSignificantNumber(p), phonenumbers.GetRegionCodeForCountryCode(int(p.GetCountryCode()))) {
		return Emergency
	}
	switch phonenumbers.GetNumberType(p) {
	case phonenumbers.FIXED_LINE:
		return Fixed
	case phonenumbers.MOBILE:
		return Mobile
	case phonenumbers.FIXED_LINE_OR_MOBILE:
		return FixedOrMobile
	case phonenumbers.VOIP:
		return VoIP
	case phonenumbers.TOLL_FREE:
		return TollFree
	case phonenumbers.PREMIUM_RATE:
		return Premium
	case phonenumbers.SHARED_COST:
		return SharedCost
	case phonenumbers.PERSONAL_NUMBER:
		return Personal
	case phonenumbers.UAN:
		return UAN
	case phonenumbers.PAGER:
		return Pager
	case phonenumbers.VOICEMAIL:
		return Voicemail
	}
	return Unknown
}

// IsEmergency says whether what somebody dialled is an emergency number of any country.
func IsEmergency(dialled string) bool {
	digits := strings.TrimPrefix(dialled, "+")
	return digits != "" && strings.Trim(digits, "0123456789") == "" && emergencyAnywhere(digits)
}

// maxEmergency is the most digits of an emergency number anywhere; it spares real numbers the walk over all regions.
const maxEmergency = 6

// emergencyAnywhere says whether the digits are an emergency number of any country. A visitor types the number of home,
// and a trunk may stand in a third country, so all of them count.
func emergencyAnywhere(digits string) bool {
	if len(digits) > maxEmergency {
		return false
	}
	if emergencyKnown(digits) {
		return true // also where the tables leave one out
	}
	for region := range phonenumbers.GetSupportedRegions() {
		if emergencyIn(digits, region) {
			return true
		}
	}
	return false
}

// emergencyKnown says whether a telephone without a card takes the digits for an emergency call, wherever it is (3GPP TS
// 22.101 section 10.1.1; 08 is too short to be meant).
func emergencyKnown(digits string) bool {
	switch digits {
	case "000", "110", "112", "118", "119", "911", "999":
		return true
	}
	return false
}

func emergencyIn(digits, region string) bool {
	return len(digits) <= maxEmergency && (phonenumbers.IsEmergencyNumber(digits, region) || leftOut(digits, region))
}

// leftOut are emergency numbers that stand in a country's numbering plan and not in the tables.
func leftOut(digits, region string) bool {
	switch region {
	case "ES": // ambulance, the guards, fire, the police of state and town
		return slices.Contains([]string{"061", "062", "080", "085", "091", "092"}, digits)
	case "CH": // air rescue
		return slices.Contains([]string{"1414", "1415"}, digits)
	}
	return false
}
