package cluster

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/registrar"
)

const victimDir = "FOCUS_TEST_VICTIM_DIR"

// victim writes conferences and says so on stdout once each was acknowledged, until it is killed.
func victim(dir string) int {
	ctx := context.Background()
	c, err := Start(ctx, Config{Dir: dir, Realm: testRealm, Hash: cheap()})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	for i := 0; ; i++ {
		id := conference.ID(fmt.Sprintf("p%dn%06d", os.Getpid(), i))
		r, err := c.Conferences.Create(ctx, record(id))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Println("created", id)
		r.Subject = "changed"
		if _, err := c.Conferences.Update(ctx, r); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Println("updated", id)
		aor := fmt.Sprintf("sip:%s@example.com", id)
		if _, err := c.Bindings.Save(ctx, registrar.Record{AOR: aor, Bindings: []registrar.Binding{binding("sip:a@192.0.2.1", time.Hour)}}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Println("registered", id)
		if i%3 != 0 {
			continue
		}
		if err := c.Conferences.Delete(ctx, id, 0); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Println("deleted", id)
	}
}

// "What was answered with success exists after kill -9 and a restart."
func TestKilledProcessLosesNothing(t *testing.T) {
	dir := t.TempDir()
	acknowledged := map[conference.ID]string{}
	for round, writes := range []int{1, 7, 40, 113, 200} {
		killAfter(t, dir, writes, acknowledged)
		started := time.Now()
		c := startIn(t, dir)
		t.Logf("round %d: started in %s with %d conferences", round, time.Since(started).Round(time.Millisecond), len(acknowledged))
		for id, last := range acknowledged {
			checkAcknowledged(t, c, id, last)
		}
		c.Close()
	}
}

// killAfter starts the victim, reads so many lines from it, kills it with SIGKILL, and reads what it had said until then.
func killAfter(t *testing.T, dir string, lines int, acknowledged map[conference.ID]string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), victimDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(out)
	for n := 0; said.Scan(); n++ {
		if verb, id, whole := strings.Cut(said.Text(), " "); whole {
			acknowledged[conference.ID(id)] = verb
		}
		if n == lines {
			cmd.Process.Kill()
		}
	}
	cmd.Wait()
}

// checkAcknowledged allows what the victim may have done after it last said something of this conference.
func checkAcknowledged(t *testing.T, c *Cluster, id conference.ID, last string) {
	t.Helper()
	r, err := c.Conferences.Get(t.Context(), id)
	switch {
	case last == "created" && err != nil:
		t.Errorf("%s was created: %v", id, err)
	case last == "registered":
		found, err := c.Bindings.Load(t.Context(), fmt.Sprintf("sip:%s@example.com", id))
		if err != nil || len(found.Bindings) != 1 {
			t.Errorf("%s was registered: %+v, %v", id, found, err)
		}
	case last == "updated" && err == nil && r.Subject != "changed":
		t.Errorf("%s was updated and has subject %q", id, r.Subject)
	case last == "deleted" && err == nil:
		t.Errorf("%s was deleted and is there", id)
	}
	if err == nil && r.PIN != "123456" {
		t.Errorf("%s has lost its PIN", id)
	}
}

func record(id conference.ID) conference.Record {
	return conference.Record{
		ID: id, Organizer: "sip:alice@example.com", Subject: "Team", AdmissionPolicy: conference.Anonymous, PIN: "123456",
		Created: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC),
	}
}
