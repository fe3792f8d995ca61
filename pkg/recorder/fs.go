package recorder

import (
	"io"
	"os"
)

// partSuffix marks a file that is still being written.
const partSuffix = ".part"

// fileSystem is what the writer needs of a disk, so that tests can give it one that is full.
type fileSystem interface {
	create(name string) (file, error) // empty, for reading and writing
	rename(from, to string) error
}

type file interface {
	io.Writer
	io.ReaderAt
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	Sync() error
}

// disk is the real one.
type disk struct{}

func (disk) create(name string) (file, error) {
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o640)
}

func (disk) rename(from, to string) error { return os.Rename(from, to) }

// writeWhole replaces the file name by b: whoever reads it sees the old bytes or the new ones. sync makes it survive a power cut too.
func writeWhole(fs fileSystem, name string, b []byte, sync bool) error {
	f, err := fs.create(name + ".tmp")
	if err != nil {
		return err
	}
	if _, err = f.Write(b); err == nil && sync {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	return fs.rename(name+".tmp", name)
}
