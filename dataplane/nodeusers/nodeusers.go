// Package nodeusers reads the users of the Node API that a folder of files declares: one file a user, named as the user,
// as a mounted Secret has them. It knows no database: what comes of the users is decided elsewhere.
package nodeusers

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxFile is far more than a user's file needs.
const maxFile = 64 << 10

// Name is what a user's name, and so the name of its file, looks like.
var Name = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._~@-]{0,127}$`)

// User is the content of a file, in YAML.
type User struct {
	// Name is that of the file.
	Name         string   `yaml:"-"`
	Password     string   `yaml:"password"`
	TransferUser string   `yaml:"transferUser"`
	Docroot      string   `yaml:"docroot"`
	Restrictions []string `yaml:"restrictions"`
}

// Parse reads the file of a user. Its errors repeat nothing of the text: it holds a password.
func Parse(name string, text []byte) (User, error) {
	if !Name.MatchString(name) {
		return User{}, errors.New("the name of the user must be letters, digits and . _ ~ @ -")
	}
	u := User{}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&u); err != nil && !errors.Is(err, io.EOF) {
		return User{}, errors.New("must be YAML with the fields password, transferUser, and docroot or restrictions")
	}
	u.Name = name
	switch {
	case u.Password == "":
		return User{}, errors.New("password is missing")
	case u.TransferUser == "":
		return User{}, errors.New("transferUser is missing")
	case !Name.MatchString(u.TransferUser):
		return User{}, errors.New("transferUser must be letters, digits and . _ ~ @ -")
	case (u.Docroot == "") == (len(u.Restrictions) == 0):
		return User{}, errors.New("either docroot or restrictions must be there")
	case u.Docroot != "" && !strings.HasPrefix(u.Docroot, "/"):
		return User{}, errors.New("docroot must be absolute beneath the storage root")
	}
	return u, nil
}

// Folder is what a folder declares.
type Folder struct {
	Users []User
	// Bad are the users whose files can't be used, and why.
	Bad map[string]error
}

// Read reads a folder, in the order of names. A user whose file is bad harms no other.
func Read(folder string) (Folder, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return Folder{}, fmt.Errorf("read node users: %w", err)
	}
	found := Folder{Bad: map[string]error{}}
	for _, e := range entries {
		// Kubernetes keeps the versions of a mounted Secret under hidden names.
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		text, err := readFile(filepath.Join(folder, e.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // It was removed since the folder was listed.
		}
		if err != nil {
			return Folder{}, fmt.Errorf("read node user %s: %w", e.Name(), err)
		}
		u, err := Parse(e.Name(), text)
		if err != nil {
			found.Bad[e.Name()] = err
			continue
		}
		found.Users = append(found.Users, u)
	}
	return found, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile))
}
