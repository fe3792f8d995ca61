package focus

import (
	"context"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/quality"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// publishTime bounds how long a collector may take to answer.
const publishTime = 35 * time.Second

// publishQuality tells the collector of a call that is over: RFC 6035 §4.6, a PUBLISH of the event vq-rtcpxr. A collector that does not take it
// is told no second time.
func (s *Server) publishQuality(ctx context.Context, report *quality.Report) {
	target, err := sip.ParseURI(s.config.Collector)
	if err != nil {
		return // it was read when the server started
	}
	from, err := sip.ParseURI(report.LocalID)
	if err != nil {
		from = target
	}
	ctx, cancel := context.WithTimeout(ctx, publishTime)
	defer cancel()
	req := sip.NewRequest(sip.PUBLISH, target)
	req.AppendHeader(&sip.FromHeader{Address: from, Params: sip.Params{{K: "tag", V: sip.NewTag()}}})
	req.AppendHeader(&sip.ToHeader{Address: *target.Clone()})
	req.AppendHeader(sip.NewHeader("Event", "vq-rtcpxr"))
	req.AppendHeader(sip.NewHeader("Expires", "0"))
	sip.SetBody(req, quality.MediaType, report.AppendText(nil))
	res, err := s.ua.Do(ctx, req)
	if err == nil && !res.IsSuccess() {
		err = &sip.StatusError{Code: res.StatusCode, Reason: res.Reason, Response: res}
	}
	if err != nil {
		s.log.Warn("the collector does not take a report of quality", "collector", s.config.Collector, "err", err)
	}
}
