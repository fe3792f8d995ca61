package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"

	"github.com/seed-f3cefc8c/focus/pkg/focus"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/pkg/suggest"
)

// trunkKeys are what the file says of a trunk.
var trunkKeys = []string{"name", "uri", "numbers", "domains", "caller-id", "realm", "username", "password-file"}

const (
	maxTrunks = 100
	maxSecret = 256 // bytes
)

func (s *settings) readTrunks(o *options) error {
	if s.Trunks == "" {
		return nil
	}
	trunks, err := readTrunks(s.Trunks)
	if err != nil {
		return fmt.Errorf("--trunks %s: %w", s.Trunks, err)
	}
	o.trunks = trunks
	return nil
}

// readTrunks reads a YAML file with a list, trunks. Files of passwords are looked for beside it.
func readTrunks(path string) (trunks []focus.Trunk, err error) {
	content := koanf.New("\x00") // no key is cut at dots
	if err := content.Load(file.Provider(path), yaml.Parser()); err != nil {
		return nil, fmt.Errorf("it cannot be read: %w", err)
	}
	list, ok := content.Raw()["trunks"].([]any)
	if !ok || len(content.Raw()) != 1 || len(list) > maxTrunks {
		return nil, fmt.Errorf("it holds trunks: and a list of %d at most, nothing else", maxTrunks)
	}
	for i, entry := range list {
		t, err := readTrunk(entry, filepath.Dir(path))
		if err != nil {
			return nil, fmt.Errorf("the %d. trunk: %w", i+1, err)
		}
		if slices.ContainsFunc(trunks, func(other focus.Trunk) bool { return other.Name == t.Name }) {
			return nil, fmt.Errorf("there are two trunks called %s", t.Name)
		}
		trunks = append(trunks, t)
	}
	return trunks, nil
}

func readTrunk(entry any, dir string) (t focus.Trunk, err error) {
	fields, ok := entry.(map[string]any)
	if !ok {
		return t, errors.New("write name, uri and what it takes")
	}
	texts := map[string]string{}
	for key, value := range fields {
		text, isText := value.(string)
		good := false
		switch {
		case !slices.Contains(trunkKeys, key):
			return t, fmt.Errorf("there is no key %q%s", key, suggest.Hint(key, trunkKeys))
		case key == "numbers":
			t.Numbers, good = textsOf(value)
		case key == "domains":
			t.Domains, good = textsOf(value)
		default:
			texts[key], good = text, isText
		}
		if !good {
			return t, fmt.Errorf("%s: write text, in quotes, or a list of it for numbers and domains", key)
		}
	}
	t.Name = texts["name"]
	if t.URI, err = sip.ParseURI(texts["uri"]); err != nil {
		return t, err
	}
	if id := texts["caller-id"]; id != "" {
		if t.CallerID, err = sip.ParseURI(id); err != nil || t.CallerID.Scheme != "sip" && t.CallerID.Scheme != "sips" {
			return t, fmt.Errorf("caller-id %q: write a SIP URI", id)
		}
	}
	if t.Credentials, err = trunkCredentials(texts["username"], texts["realm"], texts["password-file"], dir); err != nil {
		return t, err
	}
	return t, t.Check()
}

// textsOf reads a list; one text is a list too.
func textsOf(value any) (texts []string, ok bool) {
	if text, isText := value.(string); isText {
		return []string{text}, true
	}
	list, _ := value.([]any)
	for _, entry := range list {
		text, isText := entry.(string)
		if !isText {
			return nil, false
		}
		texts = append(texts, text)
	}
	return texts, len(texts) > 0
}

// trunkCredentials are a function so that no one prints them. Without a user name there are none.
func trunkCredentials(username, realm, path, dir string) (func(string) (string, string, bool), error) {
	if username == "" && path == "" && realm == "" {
		return nil, nil
	}
	if username == "" || path == "" {
		return nil, errors.New("username and password-file belong together")
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	password, err := readSecret(path)
	if err != nil {
		return nil, err
	}
	return func(asked string) (string, string, bool) { return username, password, realm == "" || realm == asked }, nil
}

// readSecret reads a file with one line that nobody but its owner and his group may read.
func readSecret(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o007 != 0 {
		return "", fmt.Errorf("everybody on this host can use %s: chmod 600 it", path)
	}
	content, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", err
	}
	secret := strings.TrimRight(string(content), "\r\n")
	if secret == "" || len(content) > maxSecret || strings.ContainsAny(secret, "\r\n") {
		return "", fmt.Errorf("%s does not hold one line with a password of up to %d bytes", path, maxSecret)
	}
	return secret, nil
}
