package c3p

import "github.com/seed-f3cefc8c/focus/pkg/strictxml"

// GetAvailableMCUTypes asks the factory which components a conference can have: what older clients send in place of
// GetConferencingCapabilities. Its wire form was never seen; the answer lists them as that one's does.
type GetAvailableMCUTypes struct{ MCUTypes []string }

// Name implements Command.
func (c *GetAvailableMCUTypes) Name() string { return "getAvailableMcuTypes" }

func (c *GetAvailableMCUTypes) check() error { return nil }

func readGetAvailableMCUTypes(e *strictxml.Element) (Command, error) {
	return &GetAvailableMCUTypes{MCUTypes: readMCUTypes(e)}, nil
}

func readMCUTypes(e *strictxml.Element) (types []string) {
	for mcuType := range e.Child(Namespace, "mcu-types").All(Namespace, "mcuType") {
		types = append(types, mcuType.Trimmed())
	}
	return types
}

func (c *GetAvailableMCUTypes) append(w *strictxml.Writer) { appendMCUTypes(w, c.MCUTypes) }

func appendMCUTypes(w *strictxml.Writer, types []string) {
	if len(types) == 0 {
		return
	}
	w.Start("mcu-types")
	for _, mcuType := range types {
		w.Leaf("mcuType", mcuType)
	}
	w.End("mcu-types")
}
