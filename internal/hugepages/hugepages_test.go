package hugepages

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unsafe"
)

// advised are the octets of this process that huge pages are wanted for ("hg" in its memory map), and whether the address is among them.
func advised(t *testing.T, address uintptr) (octets int, is bool) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Skip(err)
	}
	mapping := regexp.MustCompile(`(?m)^([0-9a-f]+)-([0-9a-f]+) `)
	for _, at := range mapping.FindAllSubmatchIndex(text, -1) {
		low, _ := strconv.ParseUint(string(text[at[2]:at[3]]), 16, 64)
		high, _ := strconv.ParseUint(string(text[at[4]:at[5]]), 16, 64)
		_, flags, _ := strings.Cut(string(text[at[1]:]), "VmFlags:")
		flags, _, _ = strings.Cut(flags, "\n")
		if strings.Contains(flags+" ", " hg ") {
			octets += int(high - low)
			is = is || uint64(address) >= low && uint64(address) < high
		}
	}
	return octets, is
}

func TestTheHeapGrowsOntoHugePages(t *testing.T) {
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err != nil {
		t.Skip(err)
	}
	const size = 64 << 20
	before, _ := advised(t, 0)
	if err := Advise(size); err != nil {
		t.Fatal(err)
	}
	if after, _ := advised(t, 0); after < before+size-pageSize {
		t.Errorf("%d MB are advised, want %d", (after-before)>>20, size>>20)
	}
	legs := make([]*[64 << 10]byte, 200) // 12 MB
	found := 0
	for i := range legs {
		legs[i] = new([64 << 10]byte)
		legs[i][0] = 1
		if _, is := advised(t, uintptr(unsafe.Pointer(legs[i]))); is {
			found++
		}
	}
	if found < 150 {
		t.Errorf("%d of 200 objects are where huge pages are wanted", found)
	}
}
