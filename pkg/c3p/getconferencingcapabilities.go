package c3p

import "github.com/seed-f3cefc8c/focus/pkg/strictxml"

// GetConferencingCapabilities asks the factory what it offers. All fields are of the response.
type GetConferencingCapabilities struct {
	Version       string   // capability-version
	MCUTypes      []string // "audio-video", …; without that one the real client joins no audio
	DefaultRegion string
	Regions       []Region // access numbers by region
}

// Region is where a telephone number is cheap to call.
type Region struct {
	Name    string
	Numbers []string
}

// Name implements Command.
func (c *GetConferencingCapabilities) Name() string { return "getConferencingCapabilities" }

func (c *GetConferencingCapabilities) check() error { return nil }

func readGetConferencingCapabilities(e *strictxml.Element) (Command, error) {
	c := &GetConferencingCapabilities{Version: e.Attr("", "capability-version"), MCUTypes: readMCUTypes(e)}
	numbers := e.Child(Namespace, "pstn-bridging").Child(Namespace, "access-numbers")
	c.DefaultRegion = numbers.ChildText(Namespace, "default-region")
	for region := range numbers.All(Namespace, "region") {
		c.Regions = append(c.Regions, readRegion(region))
	}
	return c, nil
}

func readRegion(e *strictxml.Element) Region {
	region := Region{Name: e.Attr("", "name")}
	for number := range e.All(Namespace, "access-number") {
		region.Numbers = append(region.Numbers, number.ChildText(Namespace, "number"))
	}
	return region
}

func (c *GetConferencingCapabilities) append(w *strictxml.Writer) {
	w.OptAttr("capability-version", c.Version)
	appendMCUTypes(w, c.MCUTypes)
	c.appendNumbers(w)
}

func (c *GetConferencingCapabilities) appendNumbers(w *strictxml.Writer) {
	if c.DefaultRegion == "" && len(c.Regions) == 0 {
		return
	}
	w.Start("pstn-bridging")
	w.Start("access-numbers")
	w.OptLeaf("default-region", c.DefaultRegion)
	for i := range c.Regions {
		c.Regions[i].append(w)
	}
	w.End("access-numbers")
	w.End("pstn-bridging")
}

func (r *Region) append(w *strictxml.Writer) {
	w.Start("region")
	w.Attr("name", r.Name)
	for _, number := range r.Numbers {
		w.Start("access-number")
		w.Leaf("number", number)
		w.End("access-number")
	}
	w.End("region")
}
