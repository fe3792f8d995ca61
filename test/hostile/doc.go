// Package hostile attacks `focus serve` with everything that a stranger, or a broken client, may send to its sockets, while two people
// talk to each other in a conference. Each attack is refused as it should be, costs little, and is heard by nobody.
package hostile
