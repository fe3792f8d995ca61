package testenv

import (
	"fmt"
	"testing/synctest"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// Client is a user with a program that speaks C3P over SIP: commands by SERVICE to the factory, a membership by INVITE with addUser, commands by
// INFO in its dialog.
type Client struct {
	*Phone
	URI      string // of the user
	Endpoint string // a GUID, which names this program
	Waits    bool   // it knows what a lobby is
	next     int    // requestId, from 0 after every login
}

// Client makes a user who can log in, with such a program.
func (w *World) Client(name string) *Client {
	w.Helper()
	if _, err := w.Store.Users.Get(w.Context(), name); err != nil {
		w.User(name)
	}
	c := &Client{Phone: w.Phone(name), URI: "sip:" + name + "@" + Domain, Endpoint: fmt.Sprintf("{78B71F57-6A43-99D7-39FE-%012d}", w.phones)}
	c.From, c.User, c.Transport = c.URI, name, ";transport=tcp"
	return c
}

// Document is a command of the client's.
func (c *Client) Document(to string, command c3p.Command) string {
	request := &c3p.Request{RequestID: fmt.Sprint(c.next), From: c.URI, To: to, Command: command}
	c.next++
	return string(request.AppendXML(nil))
}

// AddUser is what joins the client to a conference of Organizer's.
func (c *Client) AddUser(id string) *c3p.AddUser {
	return &c3p.AddUser{Keys: Keys(id), User: &confinfo.User{
		Entity: c.URI, Roles: []string{confinfo.Attendee}, Endpoints: []confinfo.Endpoint{{Entity: c.Endpoint, LobbyCapable: c.Waits}},
	}}
}

// Invites sends INVITE with a command to the focus.
func (c *Client) Invites(id string, command c3p.Command) {
	c.w.Helper()
	c.ContentType, c.Body = c3p.MediaType, c.Document(FocusURI(id), command)
	c.Dials(FocusURI(id))
}

// JoinsAt becomes a member of anybody's conference.
func (c *Client) JoinsAt(focus string) (role string) {
	c.w.Helper()
	add := c.AddUser("")
	add.Keys.Entity = focus
	c.ContentType, c.Body = c3p.MediaType, c.Document(focus, add)
	c.Dials(focus)
	return c.roleIn(c.WantsAnswer())
}

// Joins becomes a member and returns the role that was granted.
func (c *Client) Joins(id string) (role string) {
	c.w.Helper()
	c.Invites(id, c.AddUser(id))
	return c.roleIn(c.WantsAnswer())
}

func (c *Client) roleIn(res *sip.Response) string {
	c.w.Helper()
	added, ok := c.responseOf(res).Body.(*c3p.AddUser)
	if !ok || added.User.Entity != c.URI || len(added.User.Roles) != 1 {
		c.w.Fatalf("answer to addUser: %s", res.Body())
	}
	return added.User.Roles[0]
}

// responseOf reads the C3P of an answer.
func (c *Client) responseOf(res *sip.Response) *c3p.Response {
	c.w.Helper()
	if sip.ContentType(res) != c3p.MediaType {
		c.w.Fatalf("%d with a body of type %q", res.StatusCode, sip.ContentType(res))
	}
	response, err := c3p.ParseResponse(res.Body())
	if err != nil {
		c.w.Fatalf("%v in %s", err, res.Body())
	}
	return response
}

// Informs is a command by INFO, and what it was answered with.
func (c *Client) Informs(id string, command c3p.Command) (status int, response *c3p.Response) {
	c.w.Helper()
	res, err := c.dialog.Request(c.w.Context(), sip.INFO, c3p.MediaType, []byte(c.Document(FocusURI(id), command)))
	if err != nil {
		c.w.Fatalf("INFO of %s: %v", c.Name, err)
	}
	synctest.Wait()
	if len(res.Body()) == 0 {
		return res.StatusCode, nil
	}
	return res.StatusCode, c.responseOf(res)
}

// Factory is the client's focus factory.
func (c *Client) Factory() string { return c.URI + ";gruu;opaque=app:conf:focusfactory" }

// AsksFactory sends a body by SERVICE and returns the answer.
func (c *Client) AsksFactory(uri, contentType, body string) *sip.Response {
	c.w.Helper()
	target, err := sip.ParseURI(uri)
	if err != nil {
		c.w.Fatal(err)
	}
	req := sip.NewRequest(sip.SERVICE, target)
	sip.AddHeader(req, "Route", "<sip:"+Address+";lr"+c.Transport+">")
	sip.AddHeader(req, "From", "<"+c.From+">")
	sip.AddHeader(req, "Contact", "<sip:"+c.Name+"@"+c.Host+">")
	sip.SetBody(req, contentType, []byte(body))
	res, err := c.UA.Do(c.w.Context(), req)
	if err == nil && res.StatusCode == 401 && c.User != "" {
		var again *sip.Request
		if again, err = sip.Authorize(req, res, c.User, c.Pass); err == nil {
			res, err = c.UA.Do(c.w.Context(), again)
		}
	}
	if err != nil {
		c.w.Fatalf("SERVICE of %s: %v", c.Name, err)
	}
	synctest.Wait()
	return res
}

// Commands sends a command by SERVICE and returns the response.
func (c *Client) Commands(command c3p.Command) *c3p.Response {
	c.w.Helper()
	res := c.AsksFactory(c.Factory(), c3p.MediaType, c.Document(c.Factory(), command))
	if res.StatusCode != 200 {
		c.w.Fatalf("SERVICE with %s: %d", command.Name(), res.StatusCode)
	}
	return c.responseOf(res)
}
