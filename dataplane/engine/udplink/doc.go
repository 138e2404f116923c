// Package udplink binds sessions of the engine to UDP addresses: it dials and listens, shares one port among the
// sessions of a node, measures the path by trains, and has the addresses prove themselves, so that nobody is sent
// what nobody there asked for. It refuses to know the rate, what is lost, and what the bytes are: those are the
// engine's, which knows links only by its interface engine.Link. docs/protocol.md, 2.2 and 2.3, describes what goes
// over the wire.
package udplink
