// Package transfernode says what a TransferNode should look like in Kubernetes: a pure function of its spec and of what
// was observed around it. It talks to no server, keeps no state and reads no Secret; its results are applied by the
// controller with server-side apply.
package transfernode
