// Package ear says whose speech is in a recording, how plainly, and when.
//
// A voice that went through codecs, jitter buffers and a mixer is still the same wave, later. So the ear cuts what was said into pieces,
// looks for each at every delay in the band of a telephone, and says how much of the energy found there is that piece: 1 is the piece
// alone, 0.7 one of two speaking at once, below 0.2 nothing but chance.
package ear
