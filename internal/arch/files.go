package arch

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// ReadFiles reads the imports of every Go file below the top of the repository. It reads files rather than asking `go list`,
// which sees one set of build tags and which the test cache does not see.
func ReadFiles(top fs.FS) (files []File, err error) {
	err = fs.WalkDir(top, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && skipped(entry.Name()):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		file, err := readFile(top, name)
		files = append(files, file)
		return err
	})
	return files, err
}

func skipped(folder string) bool {
	return folder != "." && strings.HasPrefix(folder, ".") || folder == "testdata" || folder == "bin" || folder == "data" || folder == "node_modules"
}

func readFile(top fs.FS, name string) (File, error) {
	source, err := fs.ReadFile(top, name)
	if err != nil {
		return File{}, err
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ImportsOnly)
	if err != nil {
		return File{}, err
	}
	file := File{Path: name, Package: path.Dir(name)}
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return File{}, err
		}
		file.Imports = append(file.Imports, imported)
	}
	return file, nil
}
