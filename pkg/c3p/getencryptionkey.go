package c3p

import (
	"encoding/base64"

	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// GetEncryptionKey asks the factory for the certificate to whose key pass codes are encrypted (fx:encrypted-passcode).
type GetEncryptionKey struct{ Certificate []byte } // X.509, DER; of the response

// Name implements Command.
func (c *GetEncryptionKey) Name() string { return "getEncryptionKey" }

func (c *GetEncryptionKey) check() error { return nil }

func readGetEncryptionKey(e *strictxml.Element) (Command, error) {
	certificate, err := readEncryptionKey(e)
	return &GetEncryptionKey{Certificate: certificate}, err
}

func (c *GetEncryptionKey) append(w *strictxml.Writer) { appendEncryptionKey(w, c.Certificate) }

// readEncryptionKey reads msci:encryption-key/msci:x509-certificate, nil when there is none.
func readEncryptionKey(e *strictxml.Element) ([]byte, error) {
	text := e.Child(confinfo.MSNamespace, "encryption-key").ChildText(confinfo.MSNamespace, "x509-certificate")
	if text == "" {
		return nil, nil
	}
	certificate, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(certificate) == 0 {
		return nil, invalid(ReasonInvalidEncryptionKey, "x509-certificate is not base64")
	}
	return certificate, nil
}

func appendEncryptionKey(w *strictxml.Writer, certificate []byte) {
	if len(certificate) == 0 {
		return
	}
	w.Start("msci:encryption-key")
	w.Leaf("msci:x509-certificate", base64.StdEncoding.EncodeToString(certificate))
	w.End("msci:encryption-key")
}
