package focus

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/quality"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

const (
	qualityEvent   = "vq-rtcpxr"
	qualityManager = "srvr:qosm" // in the opaque parameter of the GRUU to which OCS clients report
	longestPublish = 3600        // s
)

// publish takes the report of a telephone about a call (RFC 6035 §4.6), for the file of reports. Nothing is kept that could be refreshed:
//
//	Event           vq-rtcpxr                       489
//	SIP-If-Match    there is none                   412
//	authenticate    users only                      401 (407)
//	the body        a report                        400, 413, 415
func (s *Server) publish(tx *sip.ServerTransaction) error {
	req := tx.Request()
	event, _, _ := strings.Cut(sip.HeaderValue(req, "Event"), ";")
	switch {
	case !s.home(req.Recipient.Host, tx):
		return errNotOurs
	case !strings.EqualFold(strings.TrimSpace(event), qualityEvent):
		return tx.Reply(489, sip.NewHeader("Allow-Events", qualityEvent))
	case sip.HeaderValue(req, "SIP-If-Match") != "":
		return tx.Reply(412)
	}
	who, err := s.proved(tx)
	if err != nil {
		return err
	}
	report, status := readReport(req, quality.MediaType, quality.ParseText)
	if status != 0 {
		return refuseReport(tx, status, quality.MediaType)
	}
	s.collected(report, who.caller.URI)
	return tx.Reply(200, sip.NewHeader("SIP-ETag", sip.NewTag()), sip.NewHeader("Expires", publishTerm(req)))
}

// publishTerm is the time that was asked for, an hour at most: a 200 must say one (RFC 3903 §6).
func publishTerm(req *sip.Request) string {
	asked, err := strconv.ParseUint(sip.HeaderValue(req, "Expires"), 10, 32)
	if err != nil {
		asked = longestPublish
	}
	return strconv.FormatUint(min(asked, longestPublish), 10)
}

// isForQuality: "only if the Request-URI is the pool's QoE GRUU", or the body says that it is for nobody else.
func isForQuality(req *sip.Request) bool {
	opaque, _ := req.Recipient.UriParams.Get("opaque")
	return strings.HasPrefix(strings.ToLower(opaque), qualityManager) || sip.ContentType(req) == quality.XMLMediaType
}

// serviceQuality takes the report of an OCS client ([MS-QoE] 3.2): 202; 606 for another document, 401 for the report of somebody else.
func (s *Server) serviceQuality(tx *sip.ServerTransaction) error {
	req := tx.Request()
	if !s.home(req.Recipient.Host, tx) {
		return errNotOurs
	}
	who, err := s.proved(tx)
	if err != nil {
		return err
	}
	report, status := readReport(req, quality.XMLMediaType, quality.ParseXML)
	if status == 0 && conference.URI(report.LocalID).UserID() != who.caller.URI.UserID() {
		status = 401
	}
	if status != 0 {
		return refuseReport(tx, status, quality.XMLMediaType)
	}
	s.collected(report, who.caller.URI)
	return tx.Reply(202)
}

func readReport(req *sip.Request, mediaType string, parse func([]byte) (*quality.Report, error)) (report *quality.Report, status int) {
	if sip.ContentType(req) != mediaType {
		return nil, 415
	}
	report, err := parse(req.Body())
	switch {
	case errors.Is(err, quality.ErrTooLong):
		return nil, 413
	case errors.Is(err, quality.ErrRoot):
		return nil, 606
	case err != nil:
		return nil, 400
	}
	return report, 0
}

func refuseReport(tx *sip.ServerTransaction, status int, mediaType string) error {
	if status == 415 {
		return tx.Reply(status, sip.NewHeader("Accept", mediaType))
	}
	return tx.Reply(status)
}

// collected hands a report of somebody else on.
func (s *Server) collected(report *quality.Report, by conference.URI) {
	report.Reporter = string(by)
	if s.config.CallReported != nil {
		s.run("keeping a report", func(context.Context) { s.config.CallReported(report) })
	}
}
