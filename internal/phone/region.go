package phone

import "github.com/nyaruka/phonenumbers"

// IsRegion says whether s is a country with a numbering plan of its own: two capitals, such as US.
func IsRegion(s string) bool { return phonenumbers.GetSupportedRegions()[s] }
