package main

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transferspec"
)

// option is one thing that ascp can be told, under the names it has on the command line, in the environment and in a
// transfer spec. The table of them (options) is all that ascp knows of names: it makes the flags, the help and the
// reading of specs.
type option struct {
	flag, short string
	env         string
	// fields are the names in a transfer spec. The first is that of transferspec.Spec, the others mean the same.
	fields []string
	// fate says what becomes of it. Of what works, usage is what the help says of the flag and words what it says of the
	// variable of the environment. Of all else words say why.
	fate         fate
	usage, words string
	hidden       bool
	// shortOnly options are published under their letter alone; the flag is a name for the table.
	shortOnly bool
	// takesValue says that a refused flag has a value, which may be a word of its own.
	takesValue bool
	// unless is a value of an option without effect that would change the result.
	unless func(text string) bool
	setting
}

// fate is what becomes of an option.
type fate int

const (
	works fate = iota
	// inert options make no difference here. They are taken, and nothing is said.
	inert
	// refused options would change the result, so that to leave them out silently would be wrong.
	refused
)

// name is what messages call the flag.
func (o *option) name() string {
	if o.short != "" {
		return "-" + o.short
	}
	return "--" + o.flag
}

// written is how the flag is written, both ways if there are two.
func (o *option) written() string {
	if o.short != "" && o.flag != "" && !o.shortOnly {
		return "-" + o.short + " (--" + o.flag + ")"
	}
	if o.short != "" {
		return "-" + o.short
	}
	return "--" + o.flag
}

// unlessAny says that one of the texts would change the result.
func (o *option) unlessAny(texts []string) bool {
	return o.unless != nil && slices.ContainsFunc(texts, o.unless)
}

// ordered says that the option means something by its place among others of its kind.
func (o *option) ordered() bool { return o.kind == kindOrdered }

// switches says that the flag takes no value.
func (o *option) switches() bool { return o.kind == "bool" || o.kind == kindCount }

// Kinds of flags that pflag does not know.
const (
	kindOrdered = "ordered"
	kindCount   = "count" // a switch that means more when it is written twice
)

// setting puts what an option was given into a draft. Flags, the environment and the spec are asked in this order, and
// what is set stays: the command line goes first.
type setting struct {
	// kind is that of a flag's value, as pflag calls it: a bool needs none.
	kind string
	flag func(d *draft, name string, texts []string) error
	spec func(d *draft, s *transferspec.Spec) error
}

// part is where an option goes in a draft, and what a spec says of it.
type part[T any] func(d *draft, s *transferspec.Spec) (to *T, spec T)

// fill sets what is not set.
func fill[T comparable](to *T, value T) {
	var zero T
	if *to == zero {
		*to = value
	}
}

// read is a setting whose flag is a text that parse reads; name is what to call it in errors.
func read[T comparable](kind string, at part[T], parse func(name, text string) (T, error)) setting {
	return setting{kind: kind,
		flag: func(d *draft, name string, texts []string) error {
			v, err := parse(name, texts[len(texts)-1])
			if err != nil {
				return err
			}
			to, _ := at(d, &transferspec.Spec{})
			fill(to, v)
			return nil
		},
		spec: func(d *draft, s *transferspec.Spec) error {
			to, v := at(d, s)
			fill(to, v)
			return nil
		},
	}
}

// readBoth is read for a spec whose value is such a text, too; field is what to call that in errors.
func readBoth[T comparable](at func(d *draft, s *transferspec.Spec) (to *T, text string), field string,
	parse func(name, text string) (T, error)) setting {
	out := read("string", ofFlag(func(d *draft) *T {
		to, _ := at(d, &transferspec.Spec{})
		return to
	}), parse)
	out.spec = func(d *draft, s *transferspec.Spec) error {
		to, text := at(d, s)
		v, err := parse("transfer spec: "+field, text)
		if err != nil {
			return err
		}
		fill(to, v)
		return nil
	}
	return out
}

func text(at part[string]) setting {
	return read("string", at, func(_, text string) (string, error) { return text, nil })
}

// decoded is a text that a flag has in base64, and a spec as it is.
func decoded(at part[string]) setting { return read("string", at, decode64) }

func number[T int | int64](at part[T]) setting {
	return read("int", at, func(name, text string) (T, error) {
		v, err := strconv.ParseInt(text, 10, 64)
		if err != nil || int64(T(v)) != v {
			return 0, fmt.Errorf("%s takes a number, not %q", name, text)
		}
		return T(v), nil
	})
}

func port(at part[int]) setting {
	return read("int", at, func(name, text string) (int, error) {
		v, err := strconv.Atoi(text)
		if err != nil || v < 1 || v > 65535 {
			return 0, fmt.Errorf("%s takes a port between 1 and 65535, not %q", name, text)
		}
		return v, nil
	})
}

// duration is a time with its unit, or a number of seconds.
func duration(at part[time.Duration]) setting {
	return read("duration", at, func(name, text string) (time.Duration, error) {
		v, err := time.ParseDuration(text)
		if err != nil {
			v, err = time.ParseDuration(text + "s")
		}
		if err != nil || v < 0 {
			return 0, fmt.Errorf("%s takes a time such as 90s or 10m, or seconds, not %q", name, text)
		}
		return v, nil
	})
}

func truth(at part[bool]) setting {
	return read("bool", at, func(name, text string) (bool, error) {
		v, err := strconv.ParseBool(text)
		if err != nil {
			return false, fmt.Errorf("%s is true or false, not %q", name, text)
		}
		return v, nil
	})
}

// decodedAgain is the form in base64 of a flag that takes a text; both together are refused.
func decodedAgain(at part[string], plain string) setting {
	s := decoded(at)
	take := s.flag
	s.flag = func(d *draft, name string, texts []string) error {
		if to, _ := at(d, &transferspec.Spec{}); *to != "" {
			return fmt.Errorf("%s and %s are two forms of one option: give one", plain, name)
		}
		return take(d, name, texts)
	}
	return s
}

// filter is a flag whose place among its like counts.
func filter(include bool) setting {
	return setting{kind: kindOrdered, flag: func(d *draft, _ string, texts []string) error {
		for _, text := range texts {
			d.options.Filters = append(d.options.Filters, control.Filter{Pattern: text, Include: include})
		}
		return nil
	}}
}

// list is a flag that can be given several times.
func list(at func(d *draft) *[]string) setting {
	return setting{kind: "stringArray", flag: func(d *draft, _ string, texts []string) error {
		*at(d) = texts
		return nil
	}}
}

// ofFlag is a part that specs do not have.
func ofFlag[T any](at func(d *draft) *T) part[T] {
	return func(d *draft, _ *transferspec.Spec) (*T, T) {
		var none T
		return at(d), none
	}
}

// named are the options with a fate, in the order of the table.
func named(f fate) []*option {
	var out []*option
	for i := range options {
		if options[i].fate == f {
			out = append(out, &options[i])
		}
	}
	return out
}

// ofField finds the option with a name in a transfer spec, or nil.
func ofField(field string) *option {
	i := slices.IndexFunc(options, func(o option) bool { return slices.Contains(o.fields, field) })
	if i < 0 {
		return nil
	}
	return &options[i]
}
