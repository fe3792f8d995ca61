package arch

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// Plan is what docs/architecture.md says.
type Plan struct {
	Rows  []Row            // "Imports", bottom first
	Stack map[string]Owner // "Third parties": import path prefix → who may import it
}

// Row is one line of the import table.
type Row struct {
	Package string
	Imports []string
}

// Owner is who may import a third-party module: these packages; those of test files alone when Tests is set.
type Owner struct {
	Packages []string
	Tests    bool
}

var quoted = regexp.MustCompile("`([^`]+)`")

// ReadPlan reads the two tables. A package may only import from rows above its own: so the table has no cycles, and reads
// from the bottom of the system to its top.
func ReadPlan(markdown string) (*Plan, error) {
	plan := &Plan{Stack: map[string]Owner{}}
	for _, cells := range table(markdown, "## Imports") {
		row := Row{Package: words(cells[0])[0], Imports: words(cells[1])}
		for _, imported := range row.Imports {
			if plan.row(imported) == nil {
				return nil, fmt.Errorf("docs/architecture.md: %s may import %s, which is not on a row above", row.Package, imported)
			}
		}
		if plan.row(row.Package) != nil {
			return nil, fmt.Errorf("docs/architecture.md: %s has two rows", row.Package)
		}
		plan.Rows = append(plan.Rows, row)
	}
	for _, cells := range table(markdown, "## Third parties") {
		owner := Owner{Packages: words(cells[1]), Tests: strings.Contains(cells[1], "tests")}
		for _, module := range words(cells[0]) {
			plan.Stack[module] = owner
		}
	}
	if len(plan.Rows) == 0 || len(plan.Stack) == 0 {
		return nil, fmt.Errorf("docs/architecture.md: no table under ## Imports or ## Third parties")
	}
	return plan, nil
}

// table returns the cells of the rows of the first table under a heading that name something in their first cell.
func table(markdown, heading string) (rows [][]string) {
	_, section, _ := strings.Cut(markdown, "\n"+heading+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) == 2 && len(words(cells[0])) > 0 {
			rows = append(rows, cells)
		}
	}
	return rows
}

func words(cell string) (names []string) {
	for _, match := range quoted.FindAllStringSubmatch(cell, -1) {
		names = append(names, match[1])
	}
	return names
}

func (p *Plan) row(pkg string) *Row {
	for i := range p.Rows {
		if p.Rows[i].Package == pkg {
			return &p.Rows[i]
		}
	}
	return nil
}

// above says whether imported stands on a row above pkg.
func (p *Plan) above(pkg, imported string) bool {
	for _, row := range p.Rows {
		switch row.Package {
		case pkg:
			return false
		case imported:
			return true
		}
	}
	return false
}

// free says whether a package may import as it likes: the mains, the systems under test, the workshop itself.
func free(pkg string) bool {
	top, _, _ := strings.Cut(pkg, "/")
	return top == "cmd" || top == "test" || top == "bench" || top == "internal" || top == "scripts"
}

// owner finds the rule for a third-party import.
func (p *Plan) owner(imported string) (Owner, bool) {
	for module := imported; module != "."; module = path.Dir(module) {
		if owner, ok := p.Stack[module]; ok {
			return owner, true
		}
		if module == "/" {
			break
		}
	}
	return Owner{}, false
}
