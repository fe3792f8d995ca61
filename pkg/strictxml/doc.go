// Package strictxml reads small XML documents from strangers and writes XML that old clients can read.
//
// The reader stands on encoding/xml's tokenizer and refuses what that lets through: two readers that understand the same
// bytes differently are a hole in whatever was decided between them. Everything is bounded before it is built.
//
//	| feature                                   | done |
//	|-------------------------------------------|------|
//	| Namespaces in XML 1.0, by URI             | yes  |
//	| character references, five named entities | yes  |
//	| CDATA, comments                           | yes, comments are dropped |
//	| UTF-8, with or without byte order mark    | yes  |
//	| other encodings                           | refused |
//	| document type, entity declarations        | refused |
//	| processing instructions                   | refused |
//	| duplicate attributes, undeclared prefixes | refused |
//	| second root, text outside the root        | refused |
//	| order of text between child elements      | no: the text of an element is one string |
//	| white space normalisation in attributes   | no   |
//	| white space between attributes            | not demanded, as encoding/xml does not |
package strictxml
