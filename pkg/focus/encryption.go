package focus

import (
	"context"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// encryptionOf is what a description says of the encryption of media. What it means for a leg is for the MCU to decide.
func encryptionOf(d *confinfo.Description) conference.Encryption {
	if d.Encryption == confinfo.EncryptionDefault {
		return ""
	}
	return conference.Encryption(d.Encryption)
}

// tellEncryption brings the MCU in line with the record, if it knows the conference. It is about who joins from now on, and about legs that
// negotiate again.
func (f *Focus) tellEncryption(ctx context.Context) error {
	return f.tellMCU(ctx, func() c3p.Command {
		encryption := wireEncryption(f.conference.Record().Encryption)
		return &c3p.ModifyConference{Conference: &confinfo.Document{
			Entity: f.uri, State: confinfo.Partial, Description: &confinfo.Description{Encryption: encryption},
		}}
	})
}

func wireEncryption(e conference.Encryption) string {
	if e == "" {
		return confinfo.EncryptionDefault
	}
	return string(e)
}
