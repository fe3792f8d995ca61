package c3p

import "strings"

// CommandNames lists the local names of the table.
func CommandNames() []string {
	var names []string
	for i := range table {
		names = append(names, table[i].name().Local)
	}
	return names
}

// ExtensionNames lists what our namespace has at the top: commands and events.
func ExtensionNames() []string {
	var names []string
	for i := range table {
		if strings.HasPrefix(table[i].element, "fx:") {
			names = append(names, table[i].element)
		}
	}
	for i := range events {
		names = append(names, "fx:"+events[i].local)
	}
	return names
}
