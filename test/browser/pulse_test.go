//go:build browser

package browser

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// pulse is a PulseAudio of a test's own, with these modules, and returns what programs need to find it: a machine without
// sound cards has a loudspeaker, or a microphone, or neither.
func pulse(t *testing.T, modules ...string) (environment []string) {
	t.Helper()
	program, err := exec.LookPath("pulseaudio")
	if err != nil {
		t.Skip("NOT RUN: pulseaudio is missing (apt-get install pulseaudio)")
	}
	home := t.TempDir()
	socket := filepath.Join(home, "native")
	args := []string{"-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm=yes", "--load=module-native-protocol-unix auth-anonymous=1 socket=" + socket}
	for _, m := range modules {
		args = append(args, "--load="+m)
	}
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_RUNTIME_DIR="+home)
	var log strings.Builder
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("pulseaudio said:\n%s", log.String())
		}
	})
	if !soon(patience, func() bool {
		c, err := net.Dial("unix", socket)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	}) {
		t.Fatal("pulseaudio does not listen")
	}
	return []string{"PULSE_SERVER=unix:" + socket}
}

// What a machine may have. The microphone is a room in which somebody says a tone.
var (
	loudspeaker = []string{"module-null-sink sink_name=speaker sink_properties=device.description=Speaker"}
	microphone  = []string{
		"module-null-sink sink_name=room", "module-sine sink=room frequency=620",
		"module-remap-source master=room.monitor source_name=microphone source_properties=device.description=Microphone",
	}
)
