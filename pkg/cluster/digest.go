package cluster

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"strings"
)

// digestAlgorithm is one of those SIP digest may use (RFC 8760 §2.1).
type digestAlgorithm struct {
	name string
	new  func() hash.Hash
}

func digestAlgorithms() []digestAlgorithm {
	return []digestAlgorithm{{"SHA-256", sha256.New}, {"SHA-512-256", sha512.New512_256}, {"MD5", md5.New}}
}

// ha1 is H(A1): "A1 = unq(username) ":" unq(realm) ":" passwd" (RFC 7616 §3.4.2), in lower-case hex.
func (a digestAlgorithm) ha1(name, realm, password string) string {
	h := a.new()
	h.Write([]byte(name + ":" + realm + ":" + password))
	return hex.EncodeToString(h.Sum(nil))
}

// sealHA1s makes the HA1s of all algorithms, by name.
func sealHA1s(secrets *sealer, name, realm, password string) map[string][]byte {
	sealed := map[string][]byte{}
	for _, a := range digestAlgorithms() {
		sealed[a.name] = secrets.seal(ha1Place(name, a.name), a.ha1(name, realm, password))
	}
	return sealed
}

func ha1Place(name, algorithm string) string {
	return strings.Join([]string{usersBucket, name, "ha1", algorithm}, "/")
}
