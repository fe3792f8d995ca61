package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// secretPrefix says what a secret is: "base64 encoded, prefixed with whsec_".
const secretPrefix = "whsec_"

// Bounds of a secret: "should be between 24 bytes and 64 bytes".
const (
	minSecret = 24
	maxSecret = 64
)

// ErrSecret is a secret that cannot sign.
var ErrSecret = errors.New("a secret is whsec_ and 24 to 64 bytes in base64")

// ErrSignature is a message that is not signed with the secret, or not now.
var ErrSignature = errors.New("webhook signature is not valid")

// NewSecret makes a secret of 32 bytes.
func NewSecret() string {
	key := make([]byte, 32)
	rand.Read(key) // never fails
	return secretPrefix + base64.StdEncoding.EncodeToString(key)
}

// CheckSecret reports ErrSecret.
func CheckSecret(secret string) error {
	_, err := keyOf(secret)
	return err
}

func keyOf(secret string) ([]byte, error) {
	text, found := strings.CutPrefix(secret, secretPrefix)
	key, err := base64.StdEncoding.DecodeString(text)
	if !found || err != nil || len(key) < minSecret || len(key) > maxSecret {
		return nil, ErrSecret
	}
	return key, nil
}

// signature is over "msg_id.timestamp.payload", so that neither can be exchanged.
func signature(key []byte, id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.", id, timestamp)
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func sign(h http.Header, key []byte, id string, now time.Time, body []byte) {
	timestamp := strconv.FormatInt(now.Unix(), 10)
	h.Set("Webhook-Id", id)
	h.Set("Webhook-Timestamp", timestamp)
	h.Set("Webhook-Signature", signature(key, id, timestamp, body))
}

// tolerance is how far the clocks of both sides may differ; what is older is a replay.
const tolerance = 5 * time.Minute

// Verify is what a receiver does with a message: ErrSignature when somebody else has sent it, or has sent it again. Who has seen its
// Webhook-Id within the tolerance of five minutes takes it for a retry.
func Verify(h http.Header, secret string, now time.Time, body []byte) error {
	key, err := keyOf(secret)
	if err != nil {
		return err
	}
	timestamp := h.Get("Webhook-Timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if age := now.Sub(time.Unix(seconds, 0)); err != nil || age > tolerance || age < -tolerance {
		return fmt.Errorf("%w: timestamp %.20q", ErrSignature, timestamp)
	}
	want := signature(key, h.Get("Webhook-Id"), timestamp, body)
	for _, got := range strings.Fields(h.Get("Webhook-Signature")) {
		if hmac.Equal([]byte(got), []byte(want)) {
			return nil
		}
	}
	return ErrSignature
}
