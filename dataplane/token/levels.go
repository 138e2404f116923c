package token

// Level is one thing that a user of an access key may be permitted with a file and all beneath it.
type Level string

// The levels. An upload needs LevelWrite, and LevelDelete to replace a file; a download needs LevelRead.
const (
	LevelDelete  Level = "delete"
	LevelList    Level = "list"
	LevelMkdir   Level = "mkdir"
	LevelPreview Level = "preview"
	LevelRead    Level = "read"
	LevelRename  Level = "rename"
	LevelWrite   Level = "write"
)

// AllLevels are all levels, in the order that the interface shows them.
func AllLevels() []Level {
	return []Level{LevelDelete, LevelList, LevelMkdir, LevelPreview, LevelRead, LevelRename, LevelWrite}
}

// ViewLevels are those of who may look at files and take them.
func ViewLevels() []Level { return []Level{LevelList, LevelPreview, LevelRead} }

// Levels is a set of levels.
type Levels map[Level]bool
