package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"

	"github.com/seed-f3cefc8c/focus/pkg/suggest"
)

const prefix = "FOCUS_"

// otherVariables are ours and no settings of the server: those of the client commands, of the first start, and of the workshop.
var otherVariables = []string{"FOCUS_URL", "FOCUS_TOKEN", "FOCUS_CA", "FOCUS_SERVER", "FOCUS_ADMIN_PASSWORD", "FOCUS_TESTDATA", "FOCUS_VULNDB"}

func variableOf(name string) string {
	return prefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// addLayers puts the configuration file and the variables under the flags of a command: a flag beats a variable, a variable beats
// the file, the file beats the default.
func addLayers(command *kong.Context, environment []string, io *streams) error {
	var names []string
	config := ""
	for _, flag := range command.Flags() {
		names = append(names, flag.Name)
		if flag.Name == "config" {
			config, _ = command.FlagValue(flag).(string)
		}
	}
	layers := koanf.New(".")
	if slices.Contains(names, "config") {
		if config == "" {
			config = valueOf(environment, variableOf("config"))
		}
		if err := addFile(layers, config, without(names, "config", "help")); err != nil {
			return &usageError{err}
		}
		warnOfVariables(environment, names, io)
	}
	if err := addVariables(layers, environment, names); err != nil {
		return err
	}
	command.AddResolver(kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if value := layers.Get(flag.Name); value != nil {
			return fmt.Sprint(value), nil
		}
		return nil, nil
	}))
	return nil
}

// addFile reads a YAML file whose keys are names of settings.
func addFile(layers *koanf.Koanf, path string, names []string) error {
	if path == "" {
		return nil
	}
	layer := koanf.New(".")
	if err := layer.Load(file.Provider(path), yaml.Parser()); err != nil {
		return fmt.Errorf("the configuration %s cannot be read: %w", path, err)
	}
	for _, key := range layer.Keys() {
		if !slices.Contains(names, key) {
			return fmt.Errorf("%s: there is no key %q%s; focus serve --help lists them", path, key, suggest.Hint(key, names))
		}
		switch layer.Get(key).(type) {
		case []any, map[string]any:
			return fmt.Errorf("%s: %s is one value, not a list or a map", path, key)
		}
	}
	return layers.Merge(layer)
}

func addVariables(layers *koanf.Koanf, environment, names []string) error {
	byVariable := map[string]string{}
	for _, name := range names {
		byVariable[variableOf(name)] = name
	}
	return layers.Load(env.Provider(".", env.Opt{
		Prefix:        prefix,
		EnvironFunc:   func() []string { return environment },
		TransformFunc: func(variable, value string) (string, any) { return byVariable[variable], value },
	}), nil)
}

// warnOfVariables names variables that look like ours and are not. They are no errors: Kubernetes makes FOCUS_PORT and others
// of its own for a service called focus.
func warnOfVariables(environment, names []string, io *streams) {
	known := slices.Clone(otherVariables)
	for _, name := range names {
		known = append(known, variableOf(name))
	}
	for _, entry := range environment {
		variable, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(variable, prefix) && !slices.Contains(known, variable) {
			if hint := suggest.Hint(variable, known); hint != "" {
				fmt.Fprintf(io.err, "focus: the variable %s means nothing%s\n", variable, hint)
			}
		}
	}
}

func valueOf(environment []string, variable string) string {
	for _, entry := range environment {
		if name, value, _ := strings.Cut(entry, "="); name == variable {
			return value
		}
	}
	return ""
}

func without(names []string, others ...string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(others, name) })
}

// parseSettings fills a struct of settings from a file, variables and defaults, as serve does from its command line.
func parseSettings(target any, file string, io *streams) error {
	parser, err := kong.New(target, kong.NoDefaultHelp(),
		kong.WithBeforeResolve(func(command *kong.Context) error { return addLayers(command, os.Environ(), io) }))
	if err != nil {
		return err
	}
	if _, err = parser.Parse([]string{"--config", file}); err != nil {
		return &usageError{err}
	}
	return nil
}
