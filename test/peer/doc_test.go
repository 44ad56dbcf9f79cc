// Package peer_test calls real telephones: SIPp as carrier and as an agent's telephone, two baresip softphones, and the
// simulated network over this machine's sockets and through address translation. A peer that is not installed is said
// to be missing, and its tests do not run.
package peer_test
