// Package robust tests what becomes of transfers when something goes wrong on their way: the link is cut, the client's
// address changes, either end is killed, the disk is full, a source can't be read or changes, packets are damaged,
// repeated or forged, and many sessions meet. The real ascp and a real transfer node run as processes; what is between
// them is a relay of this process or the emulator of wide-area links.
//
// Whatever happens, these hold: a file under its name is byte for byte right; what failed is reported with the
// published code; running the same command again completes the transfer without sending again what was there; and the
// node holds no more goroutines and descriptors than before.
//
// The tests need root. With -soak they take long and kill more: make soak.
package robust
