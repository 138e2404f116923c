package nodeapi

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"faspex.io/operator/dataplane/fileaccess"
	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transferspec"
)

// party is who had a job made. A job does what they may do, looked up whenever one of its sessions begins.
type party struct {
	// NodeUser is a user of the database; without one and without a key it is the node user of the Secret.
	NodeUser   string `json:"node_user,omitempty"`
	AccessKey  string `json:"access_key,omitempty"`
	KeyCreated int64  `json:"key_created,omitempty"`
	// User and Groups are of a bearer token that is not its key's owner's.
	User   string   `json:"user,omitempty"`
	Groups []string `json:"groups,omitempty"`
}

func partyOf(c *caller) (p party) {
	if c.node != nil {
		p.NodeUser = c.node.Name
	}
	if c.key != nil {
		p.AccessKey, p.KeyCreated = c.key.ID, c.key.CreatedUsec
	}
	if c.granted != nil {
		p.User, p.Groups = c.granted.ID, c.granted.Groups
	}
	return p
}

var errPartyGone = errForbidden("who had the transfer made is no longer known to this node")

// callerOf is a party as if it called now. It has to be closed.
func (s *Server) callerOf(ctx context.Context, p party) (*caller, error) {
	switch {
	case p.NodeUser != "":
		u, err := s.Store.NodeUser(ctx, p.NodeUser)
		if errors.Is(err, store.ErrNotFound) {
			return nil, errPartyGone
		}
		return s.nodeCaller(ctx, u, err)
	case p.AccessKey == "":
		return &caller{user: s.NodeUser().Username, root: "/", files: s.docroot(ctx, s.Storage.Strict())}, nil
	}
	key, err := s.Store.AccessKey(ctx, p.AccessKey)
	if errors.Is(err, store.ErrNotFound) || err == nil && key.CreatedUsec != p.KeyCreated {
		return nil, errPartyGone
	}
	if err != nil {
		return nil, err
	}
	c := &caller{user: key.ID, key: &key, root: key.StoragePath}
	if p.User != "" {
		c.user, c.bearer = p.User, true
		c.granted = &fileaccess.User{AccessKey: key.ID, Folder: key.StoragePath, ID: p.User, Groups: p.Groups}
	}
	// The key's rules of addresses are for who calls; a job is made by the node.
	if c.files, err = s.granted(ctx, c.root); err != nil {
		return nil, fmt.Errorf("open storage of access key: %w", err)
	}
	return c, nil
}

// local is the end of a job at this node.
type local struct {
	grant       token.Grant
	sources     []control.Source
	destination string
	// single says that what is sent is one file.
	single bool
	limits store.TransferLimits
}

// localEnd is what a job reads or writes here, if its caller may.
func (s *Server) localEnd(ctx context.Context, c *caller, id string, in client.TransferJob) (local, error) {
	rootID, root := in.SourceRootID, in.SourceRoot
	if in.Direction == transferspec.Receive {
		rootID, root = in.DestinationRootID, in.DestinationRoot
	}
	folder := "/"
	if rootID != "" {
		var err error
		if folder, err = s.files.Path(ctx, c.root, rootID); errors.Is(err, token.ErrFileNotFound) {
			return local{}, errNotFound("there is no file with the id of source_root_id or destination_root_id here")
		} else if err != nil {
			return local{}, err
		}
	}
	folder, err := localPath(folder, root)
	if err != nil {
		return local{}, err
	}
	l := local{limits: c.limits(), grant: token.Grant{TransferID: id, Root: c.root, TokenUser: c.user, AccessKey: c.keyID(),
		Kind: token.KindBasic, Direction: transferspec.Send}}
	if c.key != nil {
		key, err := s.verifier.AccessKeys.AccessKey(ctx, c.key.ID)
		if err != nil {
			return local{}, err
		}
		l.grant.KeyCreatedUsec, l.grant.Session, l.grant.Ciphers = key.CreatedUsec, key.Session, key.Ciphers
	}
	if in.Direction == transferspec.Send {
		l.grant.Direction = transferspec.Receive
		return l, s.sendEnd(ctx, c, &l, folder, in)
	}
	l.destination = folder
	return l, s.receiveEnd(ctx, c, &l, in)
}

// localPath is a path of a job beneath a folder, which it does not leave.
func localPath(folder, p string) (string, error) {
	if !utf8.ValidString(p) {
		return "", errNotUTF8
	}
	return storage.Clean(path.Join(folder, path.Clean("/"+p)))
}

// sendEnd finds what is sent. What the caller may not read as a whole is refused.
func (s *Server) sendEnd(ctx context.Context, c *caller, l *local, folder string, in client.TransferJob) error {
	all, err := s.levels(ctx, c, folder)
	if err != nil {
		return err
	}
	for _, p := range in.Paths {
		at, err := localPath(folder, p.Source)
		if err != nil {
			return err
		}
		if !all[token.LevelRead] || c.node != nil {
			if err := s.may(ctx, c, token.LevelRead, at); err != nil {
				return err
			}
			l.grant.Paths = append(l.grant.Paths, token.Path{Source: at})
		}
		name := p.Destination
		if name == "" && in.SourceBase != "" {
			name = transfer.SentName(p.Source, in.SourceBase)
		}
		source := at
		if name == "" && transfer.SentName(p.Source, "") == "" {
			source = strings.TrimSuffix(at, "/") + "/." // What the folder holds.
		}
		l.sources = append(l.sources, control.Source{Source: source, Destination: name})
	}
	if len(l.sources) == 1 && in.Paths[0].Destination == "" {
		info, err := c.files.Stat(strings.TrimSuffix(l.sources[0].Source, "/."))
		l.single = err == nil && info.Mode().IsRegular()
	}
	return nil
}

// receiveEnd finds where is written. A user who may not write all of the folder may write what it may of what is named.
func (s *Server) receiveEnd(ctx context.Context, c *caller, l *local, in client.TransferJob) error {
	all, err := s.levels(ctx, c, l.destination)
	if err != nil {
		return err
	}
	if all[token.LevelWrite] {
		l.grant.KeepExisting = !all[token.LevelDelete]
		if c.node != nil { // A restricted user writes there and nowhere else.
			l.grant.Paths = []token.Path{{Destination: l.destination}}
		}
		return nil
	}
	for _, p := range in.Paths {
		if p.Destination == "" {
			return s.may(ctx, c, token.LevelWrite, l.destination)
		}
		at, err := localPath(l.destination, p.Destination)
		if err != nil {
			return err
		}
		if err := s.may(ctx, c, token.LevelWrite, at); err != nil {
			return err
		}
		levels, err := s.levels(ctx, c, at)
		if err != nil {
			return err
		}
		l.grant.KeepExisting = l.grant.KeepExisting || !levels[token.LevelDelete]
		l.grant.Paths = append(l.grant.Paths, token.Path{Destination: at})
	}
	return nil
}
