// Package sim is simulated days: the real life-cycle, conductor and switch, a telephone network with people, a lossy
// network between them, and a service that dies at any border and starts again on the same disk. A seed chooses
// everything; four invariants are asked of the day afterwards.
//
//	SEEDS=1000 go test ./test/sim -run TestSimulatedDays    days 1 to 1000
//	FROM=201 SEEDS=100 …                                    days 201 to 300
//	SEED=77    go test ./test/sim -run TestSimulatedDays    one day, told in full when it fails
//
// Goroutines that are ready at the same instant run in any order, so a seed gives the same people, losses and deaths,
// but not to the last message the same day.
package sim
