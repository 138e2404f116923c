package mariadb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Provision makes server hold what is wanted and returns what it had to change, in words without secrets; nothing when
// all was so already. It may be run again at any time, also after it failed half-way.
func Provision(ctx context.Context, server Server, want Wanted) ([]string, error) {
	var changes []string
	err := server.with(ctx, func(conn *sql.Conn) error {
		p := provisioner{ctx: ctx, server: server, conn: conn}
		err := p.run(want)
		changes = p.changes
		return err
	})
	return changes, err
}

// Empty tells whether a database holds no table, or does not exist.
func Empty(ctx context.Context, server Server, database string) (empty bool, err error) {
	err = server.with(ctx, func(conn *sql.Conn) error {
		p := provisioner{ctx: ctx, server: server, conn: conn}
		found, err := p.exists("SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?", database)
		empty = !found
		return err
	})
	return empty, err
}

// Drop removes a database and accounts if they exist.
func Drop(ctx context.Context, server Server, database string, users ...string) error {
	return server.with(ctx, func(conn *sql.Conn) error {
		p := provisioner{ctx: ctx, server: server, conn: conn}
		if err := p.exec("drop database "+database, "DROP DATABASE IF EXISTS "+Identifier(database)); err != nil {
			return err
		}
		for _, user := range users {
			if err := p.exec("drop user "+user, "DROP USER IF EXISTS "+account(user)); err != nil {
				return err
			}
		}
		return nil
	})
}

// provisioner holds what the steps of one run share.
type provisioner struct {
	ctx     context.Context
	server  Server
	conn    *sql.Conn
	changes []string
}

func (p *provisioner) run(want Wanted) error {
	if want.NoFullGroupBy {
		if err := p.sqlMode(); err != nil {
			return err
		}
	}
	if err := p.database(want.Database, want.Apart); err != nil {
		return err
	}
	for _, a := range want.Accounts {
		if err := p.account(a); err != nil {
			return err
		}
		if err := p.grants(a); err != nil {
			return err
		}
	}
	return nil
}

func (p *provisioner) sqlMode() error {
	var mode string
	if err := p.conn.QueryRowContext(p.ctx, "SELECT @@GLOBAL.sql_mode").Scan(&mode); err != nil {
		return classify("read sql_mode", err)
	}
	if !strings.Contains(mode, "ONLY_FULL_GROUP_BY") {
		return nil
	}
	return p.change("took ONLY_FULL_GROUP_BY out of sql_mode",
		"SET GLOBAL sql_mode=(SELECT REPLACE(@@GLOBAL.sql_mode,'ONLY_FULL_GROUP_BY',''))")
}

func (p *provisioner) database(name string, apart bool) error {
	exists, err := p.exists("SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?", name)
	if err != nil || exists {
		return err
	}
	if apart {
		beside, err := p.exists("SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE 'faspex%'"+
			" AND (LEFT(SCHEMA_NAME, CHAR_LENGTH(?)) = ? OR LEFT(?, CHAR_LENGTH(SCHEMA_NAME)) = SCHEMA_NAME)", name, name, name)
		if err != nil {
			return err
		}
		if beside {
			return fmt.Errorf("create database %s: %w", name, ErrNameTaken)
		}
	}
	return p.change("created database "+name, "CREATE DATABASE IF NOT EXISTS "+Identifier(name)+" CHARACTER SET utf8mb4")
}

// account makes the user and sees to it that the password works, by using it, and that of passwords those alone do that
// are wanted.
func (p *provisioner) account(a Account) error {
	exists, err := p.exists("SELECT COUNT(*) FROM mysql.user WHERE User = ? AND Host = ?", a.Name, anyHost)
	if err != nil {
		return err
	}
	identified := account(a.Name) + " IDENTIFIED VIA mysql_native_password USING '" + passwordHash(a.Password) + "'"
	hashes := []string{passwordHash(a.Password)}
	if a.Beside != "" {
		hashes = append(hashes, passwordHash(a.Beside))
		identified += " OR mysql_native_password USING '" + passwordHash(a.Beside) + "'"
	}
	if !exists {
		if err := p.change("created user "+a.Name, "CREATE USER IF NOT EXISTS "+identified); err != nil {
			return err
		}
	}
	err = p.server.As(a.Name, a.Password).Ping(p.ctx)
	if err != nil && !errors.Is(err, ErrAccessDenied) {
		return err
	}
	change := ""
	if err != nil {
		change = "reset the password of user " + a.Name
	} else if change, err = p.passwords(a, hashes); err != nil || change == "" {
		return err
	}
	if err := p.change(change, "ALTER USER "+identified+" ACCOUNT UNLOCK"); err != nil {
		return err
	}
	if err := p.server.As(a.Name, a.Password).Ping(p.ctx); err != nil {
		return fmt.Errorf("log in as %s: %w", a.Name, err)
	}
	return nil
}

// Changes that a rotation asks for begin so.
const (
	twoPasswords = "gave another password beside to user "
	formerEnded  = "ended the former password of user "
)

// OfRotation tells whether a change that Provision made was asked for by Account.Beside, and mends nothing.
func OfRotation(change string) bool {
	return strings.HasPrefix(change, twoPasswords) || strings.HasPrefix(change, formerEnded)
}

// nativeHash is a password of SHOW CREATE USER.
var nativeHash = regexp.MustCompile(`'(\*[0-9A-F]{40})'`)

// passwords says what has to change of those that work; empty if nothing has. A user with one way to log in may have it of
// another kind.
func (p *provisioner) passwords(a Account, wanted []string) (change string, err error) {
	var text string
	if err := p.conn.QueryRowContext(p.ctx, "SHOW CREATE USER "+account(a.Name)).Scan(&text); err != nil {
		return "", classify("read how "+a.Name+" logs in", err)
	}
	var found []string
	for _, match := range nativeHash.FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	has := func(hash string) bool { return slices.Contains(found, hash) }
	switch {
	case a.Beside != "" && (len(found) != len(wanted) || !has(wanted[0]) || !has(wanted[1])):
		return twoPasswords + a.Name, nil
	case a.Beside == "" && len(found) > 1:
		return formerEnded + a.Name, nil
	}
	return "", nil
}

func (p *provisioner) grants(a Account) error {
	rows, err := p.conn.QueryContext(p.ctx, "SHOW GRANTS FOR "+account(a.Name))
	if err != nil {
		return classify("show grants of "+a.Name, err)
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return classify("read grants of "+a.Name, err)
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		return classify("read grants of "+a.Name, err)
	}
	plan := planGrants(a, lines)
	for _, statement := range plan {
		if err := p.exec("change the rights of "+a.Name, statement); err != nil {
			return err
		}
	}
	if len(plan) > 0 {
		p.changes = append(p.changes, "set the rights of user "+a.Name)
	}
	return nil
}

func (p *provisioner) exists(query string, args ...any) (bool, error) {
	var n int
	if err := p.conn.QueryRowContext(p.ctx, query, args...).Scan(&n); err != nil {
		return false, classify("look for existing objects", err)
	}
	return n > 0, nil
}

func (p *provisioner) change(what, statement string) error {
	if err := p.exec(what, statement); err != nil {
		return err
	}
	p.changes = append(p.changes, what)
	return nil
}

func (p *provisioner) exec(action, statement string) error {
	_, err := p.conn.ExecContext(p.ctx, statement)
	return classify(action, err)
}
