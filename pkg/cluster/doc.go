// Package cluster keeps what must survive: users, tokens, conference records and settings, in the JetStream key-value store of a NATS
// server inside the process. What was answered with success is on disk (SyncAlways) and exists after kill -9.
//
//	bucket        key                 value
//	users         name                User, argon2id verifier, sealed HA1s
//	tokens        SHA-256 of token    Token
//	conferences   conference id       conference.Record, PIN sealed
//	bindings      address-of-record   registrar.Binding, all of one user; the key ends with the last of them
//	settings      name                realm; key-check
//
// HA1s and PINs are sealed with AES-256-GCM under DATA/secret.key, each with its place as additional data, so that a sealed value
// cannot be moved to another record.
//
// Two processes cannot share one data folder: it is locked. Decisions are taken by Create and Update of a revision, never by what a Get
// said a moment ago.
package cluster
