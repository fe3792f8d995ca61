package codec_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

func TestParameters(t *testing.T) {
	for _, row := range []struct {
		fmtp string
		want []string
	}{
		{"", nil},
		{" ; ;;", nil},
		{"minptime=10;useinbandfec=1", []string{"minptime:10", "useinbandfec:1"}},
		{"MinPtime = 10 ; useinbandfec=1;", []string{"minptime:10", "useinbandfec:1"}},
		{"0-15", []string{"0-15:"}},
		{"=1;a==b", []string{"a:=b"}},
		{strings.Repeat("x", codec.MaxFmtp+5), []string{strings.Repeat("x", codec.MaxFmtp) + ":"}},
	} {
		var got []string
		for name, value := range codec.Parameters(row.fmtp) {
			got = append(got, name+":"+value)
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("Parameters(%q) (-want +got):\n%s", row.fmtp, diff)
		}
	}
}

func TestParametersStopsWhenAsked(t *testing.T) {
	for name := range codec.Parameters("a=1;b=2") {
		if name == "a" {
			break
		}
		t.Errorf("went on to %q", name)
	}
}

func TestIntParameter(t *testing.T) {
	for _, row := range []struct {
		value string
		want  int
		err   error
	}{
		{"6", 6, nil},
		{"10", 10, nil},
		{"5", 0, codec.ErrFmtp},
		{"11", 0, codec.ErrFmtp},
		{"", 0, codec.ErrFmtp},
		{"ten", 0, codec.ErrFmtp},
		{"99999999999999999999", 0, codec.ErrFmtp},
	} {
		got, err := codec.IntParameter("n", row.value, 6, 10)
		if got != row.want || !errors.Is(err, row.err) {
			t.Errorf("IntParameter(%q) = %d, %v, want %d, %v", row.value, got, err, row.want, row.err)
		}
	}
}

func TestVoiceString(t *testing.T) {
	got := []string{codec.VoiceUnknown.String(), codec.VoiceNo.String(), codec.VoiceYes.String()}
	if diff := cmp.Diff([]string{"unknown", "no", "yes"}, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzParameters(f *testing.F) {
	f.Add("minptime=10;useinbandfec=1")
	f.Add("=;;=a;b")
	f.Fuzz(func(t *testing.T, fmtp string) {
		for name, value := range codec.Parameters(fmtp) {
			if name == "" || strings.ContainsAny(name, ";=") || strings.Contains(value, ";") {
				t.Errorf("Parameters(%q) has %q = %q", fmtp, name, value)
			}
		}
	})
}
