package prompt

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"

	"github.com/seed-f3cefc8c/focus/pkg/pcm"
)

//go:embed en/*.wav es/*.wav
var ours embed.FS

//go:embed script.txt
var script string

// DefaultLanguage is what is spoken when a prompt is not there in the language that was asked for.
const DefaultLanguage = "en"

const (
	maxLanguages  = 64      // of an operator's folder
	cachedSamples = 8 << 20 // resampled sound that is kept, 16 MB; when it is more, it is made anew
)

// Library is the prompts in all their languages. It is safe for concurrent use.
type Library struct {
	clips map[key]clip // never changes after Load

	mu     sync.Mutex
	cache  map[key][]int16
	cached int // samples in cache
	limit  int // at most as many, or one prompt
}

// key names a prompt in a language; the cache adds a rate.
type key struct {
	language, name string
	rate           int
}

// Load returns our prompts, with those of a folder in their places; "" for ours alone. The folder holds LANGUAGE/NAME.wav. A
// file that is no prompt of ours or cannot be read is an error that names it.
func Load(dir string) (*Library, error) {
	l := &Library{clips: map[key]clip{}, cache: map[key][]int16{}, limit: cachedSamples}
	if err := l.add(ours); err != nil {
		return nil, fmt.Errorf("prompts: %w", err)
	}
	if dir == "" {
		return l, nil
	}
	if err := l.add(os.DirFS(dir)); err != nil {
		return nil, fmt.Errorf("prompts in %s: %w", dir, err)
	}
	return l, nil
}

func (l *Library) add(files fs.FS) error {
	folders, err := fs.ReadDir(files, ".")
	if err != nil {
		return err
	}
	languages := 0
	for _, folder := range folders {
		if !folder.IsDir() || strings.HasPrefix(folder.Name(), ".") {
			continue
		}
		if languages++; languages > maxLanguages {
			return fmt.Errorf("more than %d languages", maxLanguages)
		}
		if err := l.addLanguage(files, folder.Name()); err != nil {
			return err
		}
	}
	return nil
}

func (l *Library) addLanguage(files fs.FS, language string) error {
	entries, err := fs.ReadDir(files, language)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name, isWAV := strings.CutSuffix(entry.Name(), ".wav")
		if !isWAV {
			continue
		}
		file := path.Join(language, entry.Name())
		if !known(name) {
			return fmt.Errorf("%s: no prompt has that name", file)
		}
		c, err := readFile(files, file)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		l.clips[key{language: strings.ToLower(language), name: name}] = c
	}
	return nil
}

func readFile(files fs.FS, name string) (clip, error) {
	f, err := files.Open(name)
	if err != nil {
		return clip{}, err
	}
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return clip{}, err
	}
	if len(content) > maxFile {
		return clip{}, errLength
	}
	return readWAV(content)
}

// known says whether the script has a prompt of that name.
func known(name string) bool {
	for line := range strings.Lines(script) {
		if fields := strings.Fields(line); len(fields) > 2 && fields[0] == name {
			return true
		}
	}
	return false
}

// Has says whether there is a prompt of that name in a language or in English.
func (l *Library) Has(language, name string) bool {
	_, ok := l.find(language, name)
	return ok
}

// PCM returns a prompt as mono samples at rate (Hz): in the language ("es-MX" is spoken as "es" when there is nothing nearer),
// else in English; nil when there is no such prompt, or no such rate. The samples are shared: do not change them.
func (l *Library) PCM(language, name string, rate int) []int16 {
	found, ok := l.find(language, name)
	if !ok {
		return nil
	}
	c := l.clips[found]
	if c.rate == rate {
		return c.samples
	}
	if !pcm.CanResample(c.rate, rate) {
		return nil
	}
	found.rate = rate
	return l.resampled(found, c)
}

// find looks for a prompt in a language, then in the language without its region, then in English.
func (l *Library) find(language, name string) (key, bool) {
	language = strings.ToLower(language)
	base, _, _ := strings.Cut(language, "-")
	for _, spoken := range [...]string{language, base, DefaultLanguage} {
		k := key{language: spoken, name: name}
		if _, ok := l.clips[k]; ok {
			return k, true
		}
	}
	return key{}, false
}

func (l *Library) resampled(k key, c clip) []int16 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if samples, ok := l.cache[k]; ok {
		return samples
	}
	samples := resample(c, k.rate)
	if l.cached+len(samples) > l.limit {
		clear(l.cache)
		l.cached = 0
	}
	l.cache[k] = samples
	l.cached += len(samples)
	return samples
}

// resample changes the rate of a whole clip: the resampler's delay is silence at the end, so that nothing of it is lost.
func resample(c clip, rate int) []int16 {
	r := pcm.NewResampler(c.rate, rate)
	tail := 24 * c.rate / min(c.rate, rate)
	samples := make([]int16, 0, (len(c.samples)+tail)*rate/c.rate+1)
	samples = r.Process(samples, c.samples)
	return r.Process(samples, make([]int16, tail))
}
