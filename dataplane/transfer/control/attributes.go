package control

import (
	"encoding/binary"
	"fmt"
)

// Limits of attributes.
const (
	// MaxXattrs is how many extended attributes an entry may have, MaxXattrName and MaxXattrValue the most bytes of one
	// (the kernel's own limits), MaxXattrBytes those of all names and values.
	MaxXattrs     = 256
	MaxXattrName  = 255
	MaxXattrValue = 64 << 10
	MaxXattrBytes = 256 << 10
)

// Attributes are what an entry has beside kind, path, size, time and mode, as far as the options in force ask for it.
type Attributes struct {
	// UID and GID are the numbers of the owner and the group, nil if they are not to be kept.
	UID, GID *uint32
	// AccessTime is in nanoseconds since 1970 UTC, 0 if it is not to be kept.
	AccessTime int64
	Xattrs     []Xattr
	// Link is the text of a symbolic link, only for KindLink.
	Link string
	// Sparse says that Data is all that is sent of a file: the rest are holes. Data begins and ends at multiples of the
	// chunk size, or at the end of the file.
	Sparse bool
	Data   []Range
	// Part, if not nil, says that the entry is a part of a file, whose other parts other sessions send.
	Part *Part
}

// Part is a piece of a file: the entry's Size bytes from Offset on of Total. Index counts from 1 to Count.
type Part struct {
	Index, Count uint32
	Offset       int64
	Total        int64
}

// Xattr is one extended attribute.
type Xattr struct {
	Name  string
	Value []byte
}

// The numbers of the attributes on the wire. Unknown ones are skipped.
const (
	attributeUID        = 1
	attributeGID        = 2
	attributeAccessTime = 3
	attributeXattr      = 4
	attributeLink       = 5
	attributeData       = 6
	attributePart       = 7
)

// append adds each attribute as its number, its length and its value.
func (a *Attributes) append(b []byte) ([]byte, error) {
	field := func(number uint64, value []byte) {
		b = append(binary.AppendUvarint(binary.AppendUvarint(b, number), uint64(len(value))), value...)
	}
	if a.UID != nil {
		field(attributeUID, binary.AppendUvarint(nil, uint64(*a.UID)))
	}
	if a.GID != nil {
		field(attributeGID, binary.AppendUvarint(nil, uint64(*a.GID)))
	}
	if a.AccessTime != 0 {
		field(attributeAccessTime, binary.AppendVarint(nil, a.AccessTime))
	}
	for _, x := range a.Xattrs {
		field(attributeXattr, append(appendString(nil, x.Name), x.Value...))
	}
	if a.Link != "" {
		field(attributeLink, []byte(a.Link))
	}
	if a.Sparse {
		field(attributeData, appendRanges(nil, a.Data))
	}
	if p := a.Part; p != nil {
		var v []byte
		for _, n := range []uint64{uint64(p.Index), uint64(p.Count), uint64(p.Offset), uint64(p.Total)} {
			v = binary.AppendUvarint(v, n)
		}
		field(attributePart, v)
	}
	return b, a.Check()
}

// Check says which limit the attributes exceed.
func (a *Attributes) Check() error {
	sum := 0
	for _, x := range a.Xattrs {
		if x.Name == "" || len(x.Name) > MaxXattrName || len(x.Value) > MaxXattrValue {
			return fmt.Errorf("extended attribute with a name of %d bytes and a value of %d exceeds the limits", len(x.Name),
				len(x.Value))
		}
		sum += len(x.Name) + len(x.Value)
	}
	switch {
	case len(a.Xattrs) > MaxXattrs || sum > MaxXattrBytes:
		return fmt.Errorf("%d extended attributes of %d bytes exceed the limits", len(a.Xattrs), sum)
	case len(a.Link) > MaxPath:
		return fmt.Errorf("symbolic link of %d bytes exceeds the limit of %d", len(a.Link), MaxPath)
	case len(a.Data) > MaxHave:
		return fmt.Errorf("%d parts of a sparse file exceed the limit of %d", len(a.Data), MaxHave)
	}
	return nil
}

// decodeAttributes reads what follows the other fields of an entry; nothing is no attributes.
func decodeAttributes(d *decoder) *Attributes {
	if len(d.b) == 0 {
		return nil
	}
	a := &Attributes{}
	seen := uint64(0) // The attributes with numbers below 64 that were there.
	for len(d.b) > 0 && d.err == nil {
		number := d.uvarint()
		if bit := uint64(1) << (number & 63); number < 64 && number != attributeXattr {
			if seen&bit != 0 {
				d.fail(fmt.Errorf("attribute %d is there twice", number))
				return a
			}
			seen |= bit
		}
		v := decoder{b: d.bytes(d.count(1))}
		switch number {
		case attributeUID:
			a.UID = new(v.uint32())
		case attributeGID:
			a.GID = new(v.uint32())
		case attributeAccessTime:
			a.AccessTime = v.varint()
		case attributeXattr:
			x := Xattr{Name: v.string(MaxXattrName)}
			x.Value = append([]byte{}, v.bytes(len(v.b))...)
			a.Xattrs = append(a.Xattrs, x)
		case attributeLink:
			a.Link = string(v.bytes(len(v.b)))
		case attributeData:
			a.Sparse, a.Data = true, v.ranges()
		case attributePart:
			a.Part = &Part{Index: v.uint32(), Count: v.uint32(), Offset: v.size(), Total: v.size()}
		default:
			v.b = nil
		}
		if err := v.finish(); err != nil {
			d.fail(fmt.Errorf("attribute %d: %w", number, err))
		}
		if err := a.Check(); err != nil {
			d.fail(err)
		}
	}
	return a
}
