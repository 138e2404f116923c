package transfer

import "crypto/cipher"

// The hashes of chunks in the journal of a file that is encrypted on disk are hidden: they would tell who knows a file that it is
// this one. The cipher is the partial file's own, so that it stays the same when the storage gets another key.

// hider is the content of a file that is encrypted on disk.
type hider interface{ Values() cipher.Block }

// hidden is a hash as the journal of f has it. f.mu is held.
func (f *gotFile) hidden(sum [16]byte) [16]byte {
	if f.hide != nil {
		f.hide.Encrypt(sum[:], sum[:])
	}
	return sum
}

// showHashes undoes what hidden did to the hashes of a journal.
func (r *receiver) showHashes(f *gotFile, partial string, chunks map[int64][16]byte) error {
	file, err := r.tree.OpenForContent(partial, f.total())
	if err != nil {
		return err
	}
	defer file.Close()
	h, ok := file.(hider)
	if !ok {
		return nil
	}
	block := h.Values()
	for i, sum := range chunks {
		block.Decrypt(sum[:], sum[:])
		chunks[i] = sum
	}
	return nil
}
