package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/seed-f3cefc8c/focus/api"
)

// clientSettings say which server a command talks to. On the server's own host nothing need be said but the data folder.
type clientSettings struct {
	Data  string `help:"Data folder of the server on this host." default:"./data" placeholder:"DIR"`
	URL   string `name:"url" help:"Server on another host: https://HOST:PORT." placeholder:"URL"`
	Token string `help:"Bearer token, better given as FOCUS_TOKEN." placeholder:"TOKEN"`
	CA    string `name:"ca" help:"PEM file of who signed the server's certificate." placeholder:"FILE"`
	JSON  bool   `name:"json" help:"Print JSON, for programs."`
}

// errUnreachable is a server that does not answer; errNoServer one that does not run.
var (
	errUnreachable = errors.New("the server cannot be reached")
	errNoServer    = fmt.Errorf("%w", errUnreachable)
)

const (
	clientTimeout    = 30 * time.Second
	maxAnswerToRead  = 64 << 20
	hintStartServer  = "start it with focus serve, or name another with --url"
	hintToken        = "name a token with FOCUS_TOKEN; focus token new on the server's host makes one"
	hintWrongServer  = "name the CA file with --ca"
	applicationJSON  = "application/json"
	unknownAuthority = "the certificate of %s is not trusted: " + hintWrongServer
)

// client talks to the API of a server.
type client struct {
	url, token string
	roots      *x509.CertPool
	http       *http.Client
}

// client reads what is needed to log in.
func (c *clientSettings) client() (_ *client, err error) {
	made := &client{url: strings.TrimRight(c.URL, "/"), token: c.Token}
	ca := c.CA
	if made.url == "" {
		url, err := c.local(cliURL)
		if err != nil {
			return nil, err
		}
		made.url = url
	}
	if made.token == "" && c.URL == "" {
		token, err := c.local(cliToken)
		if err != nil {
			return nil, err
		}
		made.token = token
	}
	if made.token == "" {
		return nil, usagef("no token: %s", hintToken)
	}
	if ca == "" && c.URL == "" {
		ca = filepath.Join(c.Data, "ca.pem")
	}
	if made.roots, err = trust(ca); err != nil {
		return nil, err
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: made.roots}, ForceAttemptHTTP2: true}
	made.http = &http.Client{Timeout: clientTimeout, Transport: transport}
	return made, nil
}

// local reads a file that the server on this host has left for us.
func (c *clientSettings) local(name string) (string, error) {
	text, err := os.ReadFile(filepath.Join(c.Data, name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("%w: no server has run with the data folder %s: %s", errNoServer, c.Data, hintStartServer)
	case errors.Is(err, fs.ErrPermission):
		return "", fmt.Errorf("%s is for the user that the server runs as: become that user, or use --url and a token", filepath.Join(c.Data, name))
	}
	return strings.TrimSpace(string(text)), err
}

// trust is the system's authorities, and those of a file.
func trust(path string) (*x509.CertPool, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if path == "" {
		return roots, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the CA: %w", err)
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil, usagef("%s holds no certificate in PEM", path)
	}
	return roots, nil
}

// do sends a request with a JSON body, if there is one, and reads the answer into out, if that is not nil. A refusal is an error
// with the server's own words.
func (c *client) do(ctx context.Context, method, path string, body, out any) error {
	request, err := c.request(ctx, method, path, body)
	if err != nil {
		return err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return c.unreachable(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerToRead))
	if err != nil {
		return c.unreachable(err)
	}
	if response.StatusCode >= 300 {
		return refusal(response, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

func (c *client) request(ctx context.Context, method, path string, body any) (*http.Request, error) {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(text))
	if err != nil {
		return nil, usagef("--url %s: write https://HOST:PORT", c.url)
	}
	if request.URL.Scheme != "https" {
		return nil, usagef("--url %s: write https://HOST:PORT; a token is not sent without TLS", c.url)
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	if body != nil {
		request.Header.Set("Content-Type", applicationJSON)
	}
	return request, nil
}

// unreachable says what to do about a server that does not answer.
func (c *client) unreachable(err error) error {
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &unknown):
		return fmt.Errorf("%w: "+unknownAuthority, errUnreachable, c.url)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w: nothing answers at %s: %s", errNoServer, c.url, hintStartServer)
	}
	return fmt.Errorf("%w: %w", errUnreachable, err)
}

func refusal(response *http.Response, body []byte) error {
	var p api.Problem
	if json.Unmarshal(body, &p) != nil || p.Detail == "" {
		return fmt.Errorf("the server answered %s", response.Status)
	}
	if response.StatusCode == http.StatusUnauthorized {
		return fmt.Errorf("the server does not take this token: %s", hintToken)
	}
	return &p
}
