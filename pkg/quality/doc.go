// Package quality is what is said of how well a call sounded: the metrics of each direction, an estimate of what people thought of it, and
// reports of both in the three forms that others read. It does no I/O and measures nothing: pkg/media does.
//
// Durations are milliseconds, rates and densities are between 0 and 1, levels are dBm0 (of −127 to −1; 0 is "not known"), R factors and MOS
// are 0 when nobody knows them.
//
//	feature                                                     done
//	E-model (ITU-T G.107)                                       R from delay, codec, loss and burst ratio; no echo, no noise, A = 0
//	wideband E-model (G.107.1)                                  no   G.722 and Opus are judged on the scale of telephones
//	RFC 6035 application/vq-rtcpxr                              session and interval reports are written and read
//	RFC 6035 alert reports                                      no
//	JSON                                                        yes  encoding/json
//	[MS-QoE] application/vq-rtcpxr+xml                          VQSessionReport with one audio MediaLine, written and read
package quality
