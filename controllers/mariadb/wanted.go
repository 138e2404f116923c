package mariadb

// Wanted is what shall exist on a server.
type Wanted struct {
	// Database to create.
	Database string
	// Apart refuses to create Database beside one of which the name begins with the other's. The documented rights of
	// instances that others have made cover every name that begins with theirs.
	Apart bool
	// Accounts to create, each for connections from anywhere.
	Accounts []Account
	// NoFullGroupBy takes ONLY_FULL_GROUP_BY out of the server's sql_mode.
	NoFullGroupBy bool
}

// Account is a user.
type Account struct {
	Name, Password string
	// Beside, if not empty, is another password that works too: the one that follows, or the one before.
	Beside string
	// Grants are the rights of the user; there are no others.
	Grants []Grant
}

// Grant is a set of rights on the databases that a pattern matches.
type Grant struct {
	// Pattern of database names, with % and _ as in LIKE and \ as the escape.
	Pattern string
	// Privileges as SHOW GRANTS spells them, without ALL PRIVILEGES and GRANT OPTION.
	Privileges []string
}

// Faspex is what an instance needs: the database, the user who migrates it and the restricted user who reads
// and writes it, and ONLY_FULL_GROUP_BY off. The rights are those of the guide, which gives them on every name
// that begins with faspex; here they are on the database alone (TestRightsAreNoMoreThanNeeded), because
// several instances may share a server.
func Faspex(database string, admin, user Account) Wanted {
	pattern := exactDatabase(database)
	admin.Grants = []Grant{
		{Pattern: "mysql", Privileges: []string{"SELECT"}},
		{Pattern: pattern, Privileges: []string{
			"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "INDEX", "ALTER", "CREATE TEMPORARY TABLES", "CREATE VIEW",
			"EVENT",
			"TRIGGER", "SHOW VIEW", "LOCK TABLES", "CREATE ROUTINE", "ALTER ROUTINE", "EXECUTE",
		}},
	}
	user.Grants = []Grant{{Pattern: pattern, Privileges: []string{"SELECT", "INSERT", "UPDATE", "DELETE"}}}
	return Wanted{Database: database, Apart: true, Accounts: []Account{admin, user}, NoFullGroupBy: true}
}

// HSTS is what a transfer node needs: a database and one user who owns everything in it.
func HSTS(database string, user Account) Wanted {
	user.Grants = []Grant{{Pattern: exactDatabase(database), Privileges: []string{
		"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "REFERENCES", "INDEX", "ALTER", "CREATE TEMPORARY TABLES",
		"LOCK TABLES",
	}}}
	return Wanted{Database: database, Accounts: []Account{user}}
}
