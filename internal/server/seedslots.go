package server

import (
	"ringback/internal/schedule"
)

// holidays are the days on which a business is closed.
func (s *seedReader) holidays(key string, f *seedSubscriber) schedule.Days {
	days, err := schedule.ParseDays(f.Holidays)
	if err != nil {
		s.wrong(key+".holidays", "%v", err)
	}
	return days
}

// slots are the times that visitors choose from.
func (s *seedReader) slots(key string, f seedSlots) schedule.Slots {
	out := schedule.Slots(f)
	if err := out.Check(); err != nil {
		s.wrong(key, "%v", err)
	}
	return out.Bare()
}
