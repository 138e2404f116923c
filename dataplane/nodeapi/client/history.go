package client

import (
	"encoding/json"
	"time"
)

// Event is something that happened on the nodes of a cluster. Types is its type, such as "transfer.completed".
type Event struct {
	ID        string          `json:"id"`
	Time      time.Time       `json:"time"`
	UserID    string          `json:"user_id"`
	Types     string          `json:"types"`
	AccessKey string          `json:"access_key,omitempty"`
	Data      json.RawMessage `json:"data"`
}

// KeyUsage is how many bytes the transfers of an access key have moved to the node and from it.
type KeyUsage struct {
	ID         string `json:"id"`
	BytesIn    int64  `json:"bytes_in"`
	BytesOut   int64  `json:"bytes_out"`
	BytesTotal int64  `json:"bytes_total"`
}

// Bandwidth is how fast transfers were from StartTime to EndTime.
type Bandwidth struct {
	CurrentTime time.Time     `json:"current_time"`
	StartTime   time.Time     `json:"start_time"`
	EndTime     time.Time     `json:"end_time"`
	Send        BandwidthSide `json:"send"`    // from the node
	Receive     BandwidthSide `json:"receive"` // to the node
}

// BandwidthSide holds the transfers of one direction. MaxLeft and MinRight are the first and the last time of a point,
// in seconds since 1970, 0 if there is none.
type BandwidthSide struct {
	Transfers []TransferRates `json:"transfers"`
	MaxLeft   int64           `json:"max_left"`
	MinRight  int64           `json:"min_right"`
}

// TransferRates are the rates of one transfer, oldest first. Rates are in kilobits per second.
type TransferRates struct {
	ID       string      `json:"id"`
	Data     []RatePoint `json:"data"`
	LastTime time.Time   `json:"last_time"`
	MaxRate  int64       `json:"max_rate"`
}

// RatePoint is the mean rate of the seconds before Time, which is in seconds since 1970.
type RatePoint struct {
	Time int64 `json:"time"`
	Rate int64 `json:"rate"`
}
