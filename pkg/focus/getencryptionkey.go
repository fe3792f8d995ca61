package focus

import (
	"context"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// getEncryptionKey shows the certificate to whose key PINs may be encrypted.
func (s *Server) getEncryptionKey(_ context.Context, call *c3p.Call) (c3p.Command, error) {
	if err := conference.MayOutside(actor(call.Principal), conference.GetEncryptionKey, ""); err != nil {
		return nil, err
	}
	certificate, err := s.passcodes.Certificate()
	return &c3p.GetEncryptionKey{Certificate: certificate}, err
}
