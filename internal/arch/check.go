package arch

import (
	"fmt"
	"slices"
	"strings"
)

// Module is the path of this module.
const Module = "github.com/seed-f3cefc8c/focus"

// File is one Go file and what it imports.
type File struct {
	Path    string // from the top of the repository
	Package string // folder of the file: "pkg/sip"
	Imports []string
}

func (f File) isTest() bool { return strings.HasSuffix(f.Path, "_test.go") }

// Check returns a sentence for each thing that is not on the map, in the order of the files.
func (p *Plan) Check(files []File) (wrong []string) {
	for _, file := range files {
		if p.row(file.Package) == nil && !free(file.Package) {
			wrong = append(wrong, fmt.Sprintf("%s: package %s is not on the map", file.Path, file.Package))
			continue
		}
		for _, imported := range file.Imports {
			if reason := p.forbids(file, imported); reason != "" {
				wrong = append(wrong, fmt.Sprintf("%s: %s", file.Path, reason))
			}
		}
	}
	return wrong
}

func (p *Plan) forbids(file File, imported string) string {
	if ours, ok := strings.CutPrefix(imported, Module+"/"); ok {
		return p.forbidsOurs(file, ours)
	}
	return p.forbidsTheirs(file, imported)
}

// forbidsOurs: a package imports what its row says; its tests also anything above its row, and the helpers in internal/.
func (p *Plan) forbidsOurs(file File, ours string) string {
	switch {
	case free(file.Package), slices.Contains(p.row(file.Package).Imports, ours):
		return ""
	case file.isTest() && (ours == file.Package || p.above(file.Package, ours) || strings.HasPrefix(ours, "internal/")):
		return ""
	}
	return fmt.Sprintf("%s may not import %s", file.Package, ours)
}

func (p *Plan) forbidsTheirs(file File, theirs string) string {
	owner, ok := p.owner(theirs)
	if !ok || slices.Contains(owner.Packages, file.Package) || owner.Tests && file.isTest() {
		return ""
	}
	if top, _, _ := strings.Cut(file.Package, "/"); top == "test" || top == "bench" || top == "internal" {
		return ""
	}
	return fmt.Sprintf("%s may not import %s: that belongs to %s", file.Package, theirs, strings.Join(owner.Packages, " "))
}
