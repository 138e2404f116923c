package auth

// MaxPassword is how many characters a password has at most. argon2id itself knows no limit, also not in bytes.
const MaxPassword = 256
