package media

// mergeFrames makes one frame out of the first two of fifo, each n samples long: it plays into the first, jumps n samples ahead where that is
// heard least, and goes on. The jump is a cross-fade of 5 ms at the place where both sides look most alike.
func mergeFrames(fifo []int16, n, rate int) []int16 {
	overlap := rate / bridgeTime
	at := bestJump(fifo, n, overlap)
	for i := range overlap {
		a, b := int(fifo[at+i]), int(fifo[at+i+n])
		fifo[at+i] = int16((a*(overlap-i) + b*i) / overlap)
	}
	return append(fifo[:at+overlap], fifo[at+overlap+n:]...)
}

// bestJump finds the place whose neighbourhood differs least from the one n samples later. Every place is n samples from its partner, so the
// fade never needs more than the two frames.
func bestJump(fifo []int16, n, overlap int) int {
	stride := max(1, n/80)
	best, least := 0, int64(-1)
	for at := 0; at+overlap <= n; at += stride {
		var difference int64
		for i := 0; i < overlap; i += stride {
			d := int64(fifo[at+i]) - int64(fifo[at+i+n])
			difference += d * d
		}
		if least < 0 || difference < least {
			best, least = at, difference
		}
	}
	return best
}
