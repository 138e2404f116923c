package udplink

import (
	"fmt"

	"faspex.io/operator/dataplane/batchio"
	"faspex.io/operator/dataplane/wire"
)

// GSO is the switch of the segmentation offloads.
type GSO string

// The positions of the switch; "" is GSOAuto: use them until the kernel refuses.
const (
	GSOAuto GSO = "auto"
	GSOOn   GSO = "on"
	GSOOff  GSO = "off"
)

// Options describe a UDP socket; the zero value is usable.
type Options struct {
	GSO         GSO
	ReadBuffer  int // bytes, 0 is 32 MiB (as far as the kernel allows)
	WriteBuffer int // bytes, 0 is 4 MiB
	MaxDatagram int // largest UDP payload to probe for, 0 is 8972
}

const (
	defaultReadBuffer  = 32 << 20
	defaultWriteBuffer = 4 << 20
)

func (o Options) normal() (Options, batchio.Options, error) {
	b := batchio.Options{ReadBuffer: o.ReadBuffer, WriteBuffer: o.WriteBuffer}
	switch o.GSO {
	case "", GSOAuto:
		b.Offload = batchio.Auto
	case GSOOn:
		b.Offload = batchio.On
	case GSOOff:
		b.Offload = batchio.Off
	default:
		return o, b, fmt.Errorf("unknown gso mode %q", o.GSO)
	}
	if b.ReadBuffer == 0 {
		b.ReadBuffer = defaultReadBuffer
	}
	if b.WriteBuffer == 0 {
		b.WriteBuffer = defaultWriteBuffer
	}
	if o.MaxDatagram == 0 {
		o.MaxDatagram = wire.MaxDatagram
	}
	if o.MaxDatagram < wire.MinDatagram || o.MaxDatagram > wire.MaxDatagram {
		return o, b, fmt.Errorf("datagram size %d is not within %d and %d", o.MaxDatagram, wire.MinDatagram, wire.MaxDatagram)
	}
	return o, b, nil
}
