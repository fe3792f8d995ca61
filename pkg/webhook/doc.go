// Package webhook posts events to servers that somebody else has named, signed as Standard Webhooks 1.0.0 has it
// (https://www.standardwebhooks.com).
//
//	| feature                                                          | done |
//	|------------------------------------------------------------------|------|
//	| webhook-id, webhook-timestamp, webhook-signature v1 (HMAC-SHA256) | yes  |
//	| asymmetric signatures (v1a)                                      | no   |
//	| several secrets while one is replaced                            | no   |
//	| retries with back-off; the same id each time                     | yes  |
//	| 410 Gone                                                         | no more is sent |
//	| redirects                                                        | not followed |
//	| addresses that are not of the public Internet                    | refused unless they are allowed |
package webhook
