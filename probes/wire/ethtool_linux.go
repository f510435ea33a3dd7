package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Layout of the kernel's struct ethtool_gstrings and ethtool_stats
// (linux/ethtool.h): a head, and then a name or a number for each statistic.
const (
	stringsHead = 12
	stringSize  = 32
	statsHead   = 8
	statSize    = 8
	maxStats    = 4096 // of a driver; ENA with 128 queues has some 2,600
	statsSet    = 1    // ETH_SS_STATS
)

// driverStats reads the statistics that a network driver keeps of a device. The
// ethtool module that does the same keeps buffers of 1.3 MB for it, which is
// more than all the rest of this process has on its heap.
func driverStats(device string) (map[string]uint64, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	driver, err := unix.IoctlGetEthtoolDrvinfo(fd, device)
	if err != nil || driver.N_stats == 0 {
		return nil, err
	}
	n := int(driver.N_stats)
	if n > maxStats {
		return nil, fmt.Errorf("%s: %d statistics are too many", device, n)
	}
	names, err := mapped(stringsHead + 2*maxStats*stringSize)
	if err != nil {
		return nil, err
	}
	defer unmap(names)
	values, err := mapped(statsHead + 2*maxStats*statSize)
	if err != nil {
		return nil, err
	}
	defer unmap(values)
	binary.NativeEndian.PutUint32(names[4:], statsSet)
	if err := ethtool(fd, device, unix.ETHTOOL_GSTRINGS, names); err != nil {
		return nil, err
	}
	if err := ethtool(fd, device, unix.ETHTOOL_GSTATS, values); err != nil {
		return nil, err
	}
	return parseStats(names[stringsHead:], values[statsHead:], n), nil
}

// mapped returns memory outside of the heap, of which only what is written takes any.
// The kernel writes as many statistics as the driver has by then, whatever was asked
// for: there is room for the limit twice.
func mapped(size int) ([]byte, error) {
	return unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
}

func unmap(memory []byte) { _ = unix.Munmap(memory) }

// parseStats puts names and numbers together.
func parseStats(names, values []byte, n int) map[string]uint64 {
	stats := make(map[string]uint64, n)
	for i := range n {
		name, _, _ := bytes.Cut(names[i*stringSize:(i+1)*stringSize], []byte{0})
		stats[string(name)] = binary.NativeEndian.Uint64(values[i*statSize:])
	}
	return stats
}

// ethtool makes one request, whose answer comes into data.
func ethtool(fd int, device string, command uint32, data []byte) error {
	binary.NativeEndian.PutUint32(data, command)
	var request struct {
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte // the kernel's union is larger
	}
	copy(request.name[:unix.IFNAMSIZ-1], device)
	request.data = unsafe.Pointer(&data[0])                                                                       //nolint:gosec // G103: how an ioctl is given its buffer
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&request))) //nolint:gosec // G103: the same
	runtime.KeepAlive(data)
	if errno != 0 {
		return errno
	}
	return nil
}
