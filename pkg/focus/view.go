package focus

import (
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// conferenceState says how a conference stands.
func conferenceState(c *conference.Conference) *confinfo.ConferenceState {
	return &confinfo.ConferenceState{
		UserCount: new(c.Len() - len(c.Lobby())), Active: new(true), Locked: new(c.Locked()), Recording: recordingState(c.Recording()),
		Announcements: new(c.Announcements()),
	}
}

// mcuMedia is what passes through an MCU of that type.
var mcuMedia = map[string]confinfo.MediaEntry{
	conference.AudioVideo: {Label: "main-audio", Type: "audio", Status: confinfo.SendRecv},
}

// viewOf has an entity-view of the focus and one of each MCU that conf-uris name: Microsoft's clients look for the lock there.
func viewOf(d *confinfo.Document, locked *bool, muteAll conference.MuteAll) *confinfo.View {
	view := &confinfo.View{Entities: []confinfo.EntityView{{Entity: d.Entity, EntityState: &confinfo.EntityState{Locked: locked}}}}
	if d.Description == nil {
		return view
	}
	for _, uri := range d.Description.ConfURIs {
		if media, ok := mcuMedia[uri.Purpose]; ok {
			state := &confinfo.EntityState{Locked: locked, Media: []confinfo.MediaEntry{media}, Filters: filterRules(muteAll)}
			view.Entities = append(view.Entities, confinfo.EntityView{Entity: uri.URI, EntityState: state})
		}
	}
	return view
}

// filterRules says how attendees are muted together; nil when they are not.
func filterRules(how conference.MuteAll) *confinfo.FilterRules {
	if !how.Muted {
		return nil
	}
	filter := confinfo.InitialFilter{Role: confinfo.Attendee, Ingress: confinfo.Block, Hard: how.Hard}
	if !how.Later {
		filter.Later = new(false)
	}
	return &confinfo.FilterRules{Initial: []confinfo.InitialFilter{filter}}
}
