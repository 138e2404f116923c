// Package manifest decides on the entries of a transfer by what they say: which a sender's session lists, which a
// receiver refuses, and what becomes of a file that exists.
//
// It reads no file and sends no message: what is in a folder is told to it.
package manifest

// Resume policies: what of a partial file is believed.
const (
	ResumeNone   = "none"        // nothing: start again
	ResumeAttrs  = "attrs"       // all, if size and modification time of the source are the same
	ResumeSparse = "sparse_csum" // all, if also the hashes of a sample of chunks agree at both ends
	ResumeFull   = "full_csum"   // the chunks whose hashes agree at both ends
)

// Overwrite policies: what becomes of a file that exists.
const (
	OverwriteNever       = "never"
	OverwriteAlways      = "always"
	OverwriteDiff        = "diff"
	OverwriteOlder       = "older"
	OverwriteDiffOrOlder = "diff+older"
)

// Symlink policies: what becomes of a symbolic link.
const (
	SymlinksFollow = "follow"     // what they lead to is sent
	SymlinksSkip   = "skip"       // they are left out
	SymlinksCopy   = "copy"       // they are sent as links; one whose name is taken at the receiver is skipped
	SymlinksForce  = "copy+force" // likewise, but it replaces a file
)

// Policies for extended attributes and access control lists.
const (
	AttributesNone   = "none"
	AttributesNative = "native" // they are set at the receiver as they are at the sender
)
