package kernel_test

import (
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

const delay = 300 * time.Millisecond

// TestDelay joins host and IMDS by a path that delays each packet to IMDS by
// 300 ms, and wants that to be healthy: not even a blip.
func TestDelay(t *testing.T) {
	t.Parallel()
	w := &world{t: t, host: newNetns(t, "host"), imds: newNetns(t, "imds")}
	toIMDS, toHost := tun(t, w.host, "tunh"), tun(t, w.imds, "tuni")
	addresses(t, w.host, "tunh", "10.1.0.2/24", "fd00:1::2/64")
	addresses(t, w.imds, "tuni", append([]string{"10.1.0.1/24", "fd00:1::1/64"}, imdsAddresses...)...)
	w.host.ip(t, "route add default dev tunh", "route add default via fd00:1::1")
	go carry(toIMDS, toHost, delay)
	go carry(toHost, toIMDS, 0)

	w.simulate(t)
	w.imds.nft(t, "input", "tcp dport 80 reject with icmpx type port-unreachable")
	for _, f := range families {
		assertICMPInTime(t, w, f)
	}
	w.imds.nft(t, "")
	for _, f := range families {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			assertVerdict(t, w.host, f, healthy)
			d := start(t, w.host, f.flag())
			d.started(t)
			d.awaitRounds(t, "host", 5, time.Minute)
			if blips := d.count("blip"); blips > 0 {
				t.Errorf("%d blips", blips)
			}
			assertNoFlapping(t, d, 1)
			d.assertDelayed(t)
		})
	}
}

// assertICMPInTime wants an ICMP error that comes from afar, when connect(2) no
// longer holds the socket, to end the attempt at once.
func assertICMPInTime(t *testing.T, w *world, f family) {
	t.Helper()
	r, _ := check(t, w.host, f.flag())
	e, _ := r.failure()
	if got := r.verdicts()["host"]; got != connectRefused || e.DurationSeconds >= atRetransmit.Seconds() {
		t.Errorf("%s: %v in %v s", f, got, e.DurationSeconds)
	}
}

// assertDelayed makes sure that the packets really came late.
func (d *daemon) assertDelayed(t *testing.T) {
	t.Helper()
	var took float64
	_, err := fmt.Sscan(d.metric(t, `imds_round_duration_seconds{vantage="host"}`), &took)
	if err != nil {
		t.Fatal(err)
	}
	// Six exchanges, each with a connection and an answer.
	if least := 12 * delay.Seconds(); took < least {
		t.Errorf("a round took %v s, want %v at least", took, least)
	}
	t.Logf("a round took %.1f s", took)
}

// tun makes a TUN device in a namespace, and returns its other end.
func tun(t *testing.T, n netns, name string) *os.File {
	t.Helper()
	fd, err := syscall.Open("/dev/net/tun", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		t.Fatalf("/dev/net/tun: %v", err)
	}
	// The device is made here, and moved away before it is brought up.
	unique := fmt.Sprintf("%s%d", name, os.Getpid()%1e6)
	var request struct { // struct ifreq
		name  [16]byte
		flags uint16
		_     [22]byte
	}
	copy(request.name[:15], unique)
	request.flags = syscall.IFF_TUN | syscall.IFF_NO_PI
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.TUNSETIFF, uintptr(unsafe.Pointer(&request)))
	if errno != 0 {
		t.Fatalf("TUNSETIFF: %v", errno)
	}
	if err := syscall.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	end := os.NewFile(uintptr(fd), unique)
	t.Cleanup(func() { _ = end.Close() })
	moveDevice(t, unique, n, name)
	n.ip(t, "link set "+name+" up")
	return end
}

// carry carries packets from one device to another, each some time later, until
// a device is closed.
func carry(from, to *os.File, later time.Duration) {
	type packet struct {
		due  time.Time
		data []byte
	}
	onTheWay := make(chan packet, 1024)
	defer close(onTheWay)
	go func() {
		for p := range onTheWay {
			time.Sleep(time.Until(p.due)) // this is the delay itself
			_, _ = to.Write(p.data)
		}
	}()
	buffer := make([]byte, 2048)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		onTheWay <- packet{time.Now().Add(later), append([]byte(nil), buffer[:n]...)}
	}
}
