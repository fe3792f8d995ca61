package media

import "testing"

func TestArmFollowsTheReports(t *testing.T) {
	var a arm
	for i, row := range []struct {
		loss float64
		want bool
	}{
		{0, false}, {0.015, false}, {0.02, true}, {0, true}, {0, true}, {0.01, true},
		{0, true}, {0.005, true}, {0, true}, {0, false}, {0.015, false}, {1, true},
	} {
		if a.report(row.loss); a.armed != row.want {
			t.Errorf("after report %d, of %v, armed %v, want %v", i, row.loss, a.armed, row.want)
		}
	}
}
