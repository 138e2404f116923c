package transfer

import "crypto/cipher"

// hashCipher hides the hashes of chunks in the journal of a file that is encrypted on disk: they would tell who knows a file
// that it is this one. The zero value hides nothing.
type hashCipher struct{ block cipher.Block }

func (r *receiver) hashCipher(f *gotFile) (hashCipher, error) {
	ring := r.tree.Keyring(f.target)
	if ring == nil {
		return hashCipher{}, nil
	}
	block, err := ring.Block()
	return hashCipher{block}, err
}

func (c hashCipher) hidden(sum [16]byte) [16]byte {
	if c.block != nil {
		c.block.Encrypt(sum[:], sum[:])
	}
	return sum
}

// showHashes undoes what hidden did to the hashes of a journal. With another key they become others, which no chunk has.
func (r *receiver) showHashes(f *gotFile, chunks map[int64][16]byte) error {
	c, err := r.hashCipher(f)
	if err != nil || c.block == nil {
		return err
	}
	for i, sum := range chunks {
		c.block.Decrypt(sum[:], sum[:])
		chunks[i] = sum
	}
	return nil
}
