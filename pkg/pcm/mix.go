package pcm

// AddTo adds frame to sum. The shorter of the two sets the length.
func AddTo(sum []int32, frame []int16) {
	n := min(len(sum), len(frame))
	sum, frame = sum[:n], frame[:n]
	for i, x := range frame {
		sum[i] += int32(x)
	}
}

// Subtract writes sum minus own to dst: what somebody hears who is part of the sum. The shortest of the three sets the length.
func Subtract(dst, sum []int32, own []int16) {
	n := min(len(dst), len(sum), len(own))
	dst, sum, own = dst[:n], sum[:n], own[:n]
	for i, x := range own {
		dst[i] = sum[i] - int32(x)
	}
}

// Ramp multiplies frame in place by a gain that goes in a straight line from one value to another; the last sample gets the second.
// Results are limited to 16 bits.
func Ramp(frame []int16, from, to float32) {
	if from == 1 && to == 1 {
		return
	}
	step := (to - from) / float32(max(1, len(frame)))
	for i, x := range frame {
		from += step
		frame[i] = clip(float32(x) * from)
	}
}

// CrossFade writes to dst a frame that begins as old and ends as dst was. The shorter of the two sets the length.
func CrossFade(dst, old []int16) {
	n := min(len(dst), len(old))
	dst, old = dst[:n], old[:n]
	step := 1 / float32(max(1, n))
	weight := float32(0)
	for i, x := range dst {
		weight += step
		dst[i] = clip(float32(old[i]) + weight*(float32(x)-float32(old[i])))
	}
}

// clip rounds to the nearest 16-bit value.
func clip(x float32) int16 {
	switch {
	case x >= 32767:
		return 32767
	case x <= -32768:
		return -32768
	case x < 0:
		return int16(x - 0.5)
	}
	return int16(x + 0.5)
}

// Scale writes src to dst times a gain that goes in a straight line from one value to another, without limiting. The shorter of the
// two sets the length.
func Scale(dst []int32, src []int16, from, to float32) {
	n := min(len(dst), len(src))
	dst, src = dst[:n], src[:n]
	step := (to - from) / float32(max(1, n))
	for i, x := range src {
		from += step
		dst[i] = int32(float32(x) * from)
	}
}
