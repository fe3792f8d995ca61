// Package arch keeps the imports on the map: its test compares the tables of docs/architecture.md with what each Go file of
// the repository imports, whatever build tags it has, and names each package and import that is not there.
package arch
