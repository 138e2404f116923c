package metadata

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
)

// File is what a sidecar file tells of a package.
type File struct {
	XMLName xml.Name `xml:"package"`
	Title   string   `xml:"title"`
	Note    string   `xml:"note"`
	UUID    string   `xml:"uuid"`
	Sender  string   `xml:"sender"`
	Created string   `xml:"created"`
	Fields  []field  `xml:"metadata>field"`
}

type field struct {
	Name  string `xml:"name,attr"`
	Value string `xml:",chardata"`
}

// XML writes the file, with the values that the sender filled in by name.
func (f File) XML(values json.RawMessage) ([]byte, error) {
	var all map[string]any
	if err := json.Unmarshal(values, &all); err != nil {
		return nil, fmt.Errorf("read metadata: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		f.Fields = append(f.Fields, field{name, fmt.Sprint(all[name])})
	}
	raw, err := xml.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write metadata: %w", err)
	}
	return append([]byte(xml.Header), append(raw, '\n')...), nil
}
