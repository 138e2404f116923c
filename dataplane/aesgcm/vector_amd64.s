//go:build !purego

#include "textflag.h"

// Fields of a vector, whose keys are the first, and of a message, whose counter is the first.
#define POWERS 240
#define ROUNDS 736
#define MESSAGE_HASH 16
#define MESSAGE_LENGTHS 48

// The last byte first.
DATA reverse<>+0(SB)/8, $0x08090a0b0c0d0e0f
DATA reverse<>+8(SB)/8, $0x0001020304050607
GLOBL reverse<>(SB), RODATA|NOPTR, $16

// x^128 + x^7 + x^2 + x + 1, reflected.
DATA polynomial<>+0(SB)/8, $0x0000000000000001
DATA polynomial<>+8(SB)/8, $0xc200000000000000
GLOBL polynomial<>(SB), RODATA|NOPTR, $16

// What each of four counters in a row adds to the first.
DATA steps<>+0(SB)/8, $0
DATA steps<>+8(SB)/8, $0
DATA steps<>+16(SB)/8, $1
DATA steps<>+24(SB)/8, $0
DATA steps<>+32(SB)/8, $2
DATA steps<>+40(SB)/8, $0
DATA steps<>+48(SB)/8, $3
DATA steps<>+56(SB)/8, $0
GLOBL steps<>(SB), RODATA|NOPTR, $64

DATA four<>+0(SB)/8, $4
DATA four<>+8(SB)/8, $0
GLOBL four<>(SB), RODATA|NOPTR, $16

// Registers: Z0 to Z3 are being encrypted, Z4 to Z7 are being hashed, Z8 to Z11 are the powers, Z16 and Z21 to Z30 the keys of
// the first round and of the last ten, Z17 to Z20 are free.
#define COUNTER Z12
#define REVERSE Z13
#define FOUR Z14
#define HASH Z15
#define POLYNOMIAL Z31

// LOAD takes the arguments that those have in common who encrypt.
#define LOAD \
	MOVQ v+0(FP), AX \
	MOVQ m+8(FP), R8 \
	MOVQ dst+16(FP), DI \
	MOVQ src+24(FP), SI \
	MOVQ ROUNDS(AX), CX \
	MOVQ CX, DX \
	SHLQ $4, DX \
	ADDQ AX, DX \
	VBROADCASTI32X4 (AX), Z16 \
	VBROADCASTI32X4 -144(DX), Z21 \
	VBROADCASTI32X4 -128(DX), Z22 \
	VBROADCASTI32X4 -112(DX), Z23 \
	VBROADCASTI32X4 -96(DX), Z24 \
	VBROADCASTI32X4 -80(DX), Z25 \
	VBROADCASTI32X4 -64(DX), Z26 \
	VBROADCASTI32X4 -48(DX), Z27 \
	VBROADCASTI32X4 -32(DX), Z28 \
	VBROADCASTI32X4 -16(DX), Z29 \
	VBROADCASTI32X4 (DX), Z30 \
	LOADHASH \
	VBROADCASTI32X4 (R8), COUNTER \
	VPSHUFB REVERSE, COUNTER, COUNTER \
	VPADDD steps<>(SB), COUNTER, COUNTER \
	VBROADCASTI32X4 four<>(SB), FOUR

// LOADHASH takes what hashing needs; AX is v, R8 the message.
#define LOADHASH \
	VBROADCASTI32X4 reverse<>(SB), REVERSE \
	VBROADCASTI32X4 polynomial<>(SB), POLYNOMIAL \
	VMOVDQU64 POWERS+0(AX), Z8 \
	VMOVDQU64 POWERS+64(AX), Z9 \
	VMOVDQU64 POWERS+128(AX), Z10 \
	VMOVDQU64 POWERS+192(AX), Z11 \
	VMOVDQU MESSAGE_HASH(R8), X15 \
	VPSHUFB X13, X15, X15

#define STOREHASH \
	VPSHUFB X13, X15, X15 \
	VMOVDQU X15, MESSAGE_HASH(R8)

#define STORE \
	STOREHASH \
	VPSHUFB REVERSE, COUNTER, COUNTER \
	VMOVDQU X12, (R8) \
	VZEROUPPER

// COUNT has Z0 to Z3 be 16 counters after the first key, and COUNTER the next four.
#define COUNT \
	VPSHUFB REVERSE, COUNTER, Z0 \
	VPADDD FOUR, COUNTER, COUNTER \
	VPSHUFB REVERSE, COUNTER, Z1 \
	VPADDD FOUR, COUNTER, COUNTER \
	VPSHUFB REVERSE, COUNTER, Z2 \
	VPADDD FOUR, COUNTER, COUNTER \
	VPSHUFB REVERSE, COUNTER, Z3 \
	VPADDD FOUR, COUNTER, COUNTER \
	VPXORQ Z16, Z0, Z0 \
	VPXORQ Z16, Z1, Z1 \
	VPXORQ Z16, Z2, Z2 \
	VPXORQ Z16, Z3, Z3

#define ROUND(key) \
	VAESENC key, Z0, Z0 \
	VAESENC key, Z1, Z1 \
	VAESENC key, Z2, Z2 \
	VAESENC key, Z3, Z3

// MIDDLE is a round that only longer keys have.
#define MIDDLE(key) \
	VBROADCASTI32X4 key, Z17 \
	ROUND(Z17)

// ENCRYPT has Z0 to Z3 be the next 16 counters, encrypted.
#define ENCRYPT(last) \
	COUNT \
	CMPQ CX, $10 \
	JE last \
	MIDDLE(16(AX)) \
	MIDDLE(32(AX)) \
	CMPQ CX, $12 \
	JE last \
	MIDDLE(48(AX)) \
	MIDDLE(64(AX)) \
last: \
	ROUND(Z21) \
	ROUND(Z22) \
	ROUND(Z23) \
	ROUND(Z24) \
	ROUND(Z25) \
	ROUND(Z26) \
	ROUND(Z27) \
	ROUND(Z28) \
	ROUND(Z29) \
	VAESENCLAST Z30, Z0, Z0 \
	VAESENCLAST Z30, Z1, Z1 \
	VAESENCLAST Z30, Z2, Z2 \
	VAESENCLAST Z30, Z3, Z3

// ADDPRODUCT adds a times b, before it is reduced, to low in Z17 and middle in Z18, and leaves its high in a.
#define ADDPRODUCT(a, b) \
	VPCLMULQDQ $0x00, b, a, Z19 \
	VPCLMULQDQ $0x01, b, a, Z20 \
	VPXORQ Z19, Z17, Z17 \
	VPCLMULQDQ $0x10, b, a, Z19 \
	VPCLMULQDQ $0x11, b, a, a \
	VPTERNLOGQ $0x96, Z19, Z20, Z18

// DIGEST has HASH be that of Z4 to Z7 after it, each block times its power. The first of Z4, which waits for the hash before,
// comes last; the four lanes are reduced together and then added.
#define DIGEST \
	VPSHUFB REVERSE, Z4, Z4 \
	VPSHUFB REVERSE, Z5, Z5 \
	VPSHUFB REVERSE, Z6, Z6 \
	VPSHUFB REVERSE, Z7, Z7 \
	VPCLMULQDQ $0x00, Z9, Z5, Z17 \
	VPCLMULQDQ $0x01, Z9, Z5, Z18 \
	VPCLMULQDQ $0x10, Z9, Z5, Z19 \
	VPCLMULQDQ $0x11, Z9, Z5, Z5 \
	VPXORQ Z19, Z18, Z18 \
	ADDPRODUCT(Z6, Z10) \
	ADDPRODUCT(Z7, Z11) \
	VPTERNLOGQ $0x96, Z6, Z7, Z5 \
	VPXORQ HASH, Z4, Z4 \
	ADDPRODUCT(Z4, Z8) \
	VPXORQ Z4, Z5, Z5 \
	VPCLMULQDQ $0x01, Z17, POLYNOMIAL, Z19 \
	VPSHUFD $0x4e, Z17, Z17 \
	VPTERNLOGQ $0x96, Z19, Z17, Z18 \
	VPCLMULQDQ $0x01, Z18, POLYNOMIAL, Z19 \
	VPSHUFD $0x4e, Z18, Z18 \
	VPTERNLOGQ $0x96, Z19, Z18, Z5 \
	VEXTRACTI64X4 $1, Z5, Y6 \
	VPXOR Y6, Y5, Y5 \
	VEXTRACTI128 $1, Y5, X6 \
	VPXOR X6, X5, X15

// CIPHERTEXT has Z4 to Z7 be what becomes of the plaintext, and stores it.
#define CIPHERTEXT \
	VPXORQ (SI), Z0, Z4 \
	VPXORQ 64(SI), Z1, Z5 \
	VPXORQ 128(SI), Z2, Z6 \
	VPXORQ 192(SI), Z3, Z7 \
	VMOVDQU64 Z4, (DI) \
	VMOVDQU64 Z5, 64(DI) \
	VMOVDQU64 Z6, 128(DI) \
	VMOVDQU64 Z7, 192(DI) \
	ADDQ $256, SI \
	ADDQ $256, DI

// MASK has a mask be of the bytes, from least on, that are among the first R9.
#define MASK(least, mask) \
	MOVQ R9, R11 \
	SUBQ $least, R11 \
	CMOVQLT R12, R11 \
	BZHIQ R11, R13, R11 \
	KMOVQ R11, mask

// MASKS has K1 to K4 be the masks of R9 bytes in four registers.
#define MASKS \
	XORQ R12, R12 \
	MOVQ $-1, R13 \
	MASK(0, K1) \
	MASK(64, K2) \
	MASK(128, K3) \
	MASK(192, K4)

// REST is the beginning of sealRest and openRest: Z0 to Z3 are the key stream, K1 to K4 the bytes of the text, and Z4 to Z7
// the text.
#define REST(last) \
	LOAD \
	MOVQ n+32(FP), R9 \
	MASKS \
	ENCRYPT(last) \
	VMOVDQU8.Z (SI), K1, Z4 \
	VMOVDQU8.Z 64(SI), K2, Z5 \
	VMOVDQU8.Z 128(SI), K3, Z6 \
	VMOVDQU8.Z 192(SI), K4, Z7 \
	VPXORQ Z4, Z0, Z0 \
	VPXORQ Z5, Z1, Z1 \
	VPXORQ Z6, Z2, Z2 \
	VPXORQ Z7, Z3, Z3 \
	VMOVDQU8 Z0, K1, (DI) \
	VMOVDQU8 Z1, K2, 64(DI) \
	VMOVDQU8 Z2, K3, 128(DI) \
	VMOVDQU8 Z3, K4, 192(DI)

// LASTPOWERS takes the powers of the last R9 blocks.
#define LASTPOWERS \
	MOVQ $16, R11 \
	SUBQ R9, R11 \
	SHLQ $4, R11 \
	VMOVDQU64 POWERS+0(AX)(R11*1), Z8 \
	VMOVDQU64 POWERS+64(AX)(R11*1), Z9 \
	VMOVDQU64 POWERS+128(AX)(R11*1), Z10 \
	VMOVDQU64 POWERS+192(AX)(R11*1), Z11

// END has the block of lengths follow the blocks of the text in Z4 to Z7, hashes these, and is the end. Of 16 blocks of text
// those are hashed first. The power of the first block is that of how many there are.
#define END(room) \
	CMPQ R9, $240 \
	JLE room \
	DIGEST \
	VPXORQ Z4, Z4, Z4 \
	VPXORQ Z5, Z5, Z5 \
	VPXORQ Z6, Z6, Z6 \
	VPXORQ Z7, Z7, Z7 \
	XORQ R9, R9 \
room: \
	ADDQ $15, R9 \
	SHRQ $4, R9 \
	LEAQ (R9)(R9*1), CX \
	MOVL $3, R11 \
	SHLL CX, R11 \
	VBROADCASTI32X4 MESSAGE_LENGTHS(R8), Z17 \
	KMOVB R11, K1 \
	VMOVDQU64 Z17, K1, Z4 \
	SHRL $8, R11 \
	KMOVB R11, K1 \
	VMOVDQU64 Z17, K1, Z5 \
	SHRL $8, R11 \
	KMOVB R11, K1 \
	VMOVDQU64 Z17, K1, Z6 \
	SHRL $8, R11 \
	KMOVB R11, K1 \
	VMOVDQU64 Z17, K1, Z7 \
	INCQ R9 \
	LASTPOWERS \
	DIGEST \
	STOREHASH \
	VZEROUPPER

// func sealGroups(v *vector, m *message, dst, src *byte, groups int)
//
// A group is hashed while the next one is encrypted.
TEXT ·sealGroups(SB), NOSPLIT, $0-40
	LOAD
	MOVQ groups+32(FP), R9
	ENCRYPT(first)
	CIPHERTEXT
	DECQ R9
	JZ sealed
seal:
	ENCRYPT(next)
	DIGEST
	CIPHERTEXT
	DECQ R9
	JNZ seal
sealed:
	DIGEST
	STORE
	RET

// func openGroups(v *vector, m *message, dst, src *byte, groups int)
TEXT ·openGroups(SB), NOSPLIT, $0-40
	LOAD
	MOVQ groups+32(FP), R9
open:
	ENCRYPT(openlast)
	VMOVDQU64 (SI), Z4
	VMOVDQU64 64(SI), Z5
	VMOVDQU64 128(SI), Z6
	VMOVDQU64 192(SI), Z7
	VPXORQ Z4, Z0, Z0
	VPXORQ Z5, Z1, Z1
	VPXORQ Z6, Z2, Z2
	VPXORQ Z7, Z3, Z3
	VMOVDQU64 Z0, (DI)
	VMOVDQU64 Z1, 64(DI)
	VMOVDQU64 Z2, 128(DI)
	VMOVDQU64 Z3, 192(DI)
	DIGEST
	ADDQ $256, SI
	ADDQ $256, DI
	DECQ R9
	JNZ open
	STORE
	RET

// func sealRest(v *vector, m *message, dst, src *byte, n int)
TEXT ·sealRest(SB), NOSPLIT, $0-40
	REST(sealing)
	VMOVDQU8.Z Z0, K1, Z4
	VMOVDQU8.Z Z1, K2, Z5
	VMOVDQU8.Z Z2, K3, Z6
	VMOVDQU8.Z Z3, K4, Z7
	END(sealroom)
	RET

// func openRest(v *vector, m *message, dst, src *byte, n int)
TEXT ·openRest(SB), NOSPLIT, $0-40
	REST(opening)
	END(openroom)
	RET

// func hashBlocks(v *vector, m *message, src *byte, n int)
TEXT ·hashBlocks(SB), NOSPLIT, $0-32
	MOVQ v+0(FP), AX
	MOVQ m+8(FP), R8
	MOVQ src+16(FP), SI
	MOVQ n+24(FP), R9
	LOADHASH
	MASKS
	VMOVDQU8.Z (SI), K1, Z4
	VMOVDQU8.Z 64(SI), K2, Z5
	VMOVDQU8.Z 128(SI), K3, Z6
	VMOVDQU8.Z 192(SI), K4, Z7
	ADDQ $15, R9
	SHRQ $4, R9
	LASTPOWERS
	DIGEST
	STOREHASH
	VZEROUPPER
	RET

// func encrypt(v *vector, block *[16]byte)
TEXT ·encrypt(SB), NOSPLIT, $0-16
	MOVQ v+0(FP), AX
	MOVQ block+8(FP), DI
	MOVQ ROUNDS(AX), CX
	VMOVQ (DI), X0 // in the pieces that it was stored in
	VPINSRQ $1, 8(DI), X0, X0
	VPXOR (AX), X0, X0
	DECQ CX
round:
	ADDQ $16, AX
	VAESENC (AX), X0, X0
	DECQ CX
	JNZ round
	VAESENCLAST 16(AX), X0, X0
	VMOVDQU X0, (DI)
	RET

// func multiply(z, x, y *[16]byte)
TEXT ·multiply(SB), NOSPLIT, $0-24
	MOVQ z+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ y+16(FP), DX
	VMOVDQU (SI), X3
	VMOVDQU (DX), X4
	VMOVDQU polynomial<>(SB), X6
	VPCLMULQDQ $0x00, X4, X3, X0
	VPCLMULQDQ $0x01, X4, X3, X1
	VPCLMULQDQ $0x10, X4, X3, X2
	VPCLMULQDQ $0x11, X4, X3, X5
	VPXOR X2, X1, X1
	VPCLMULQDQ $0x01, X0, X6, X2
	VPSHUFD $0x4e, X0, X0
	VPXOR X0, X1, X1
	VPXOR X2, X1, X1
	VPCLMULQDQ $0x01, X1, X6, X2
	VPSHUFD $0x4e, X1, X1
	VPXOR X1, X5, X5
	VPXOR X2, X5, X5
	VMOVDQU X5, (DI)
	RET

// func substitute(w uint32) uint32
TEXT ·substitute(SB), NOSPLIT, $0-12
	MOVL w+0(FP), AX
	VMOVD AX, X0
	VPSHUFD $0, X0, X0
	VAESKEYGENASSIST $0, X0, X0
	VMOVD X0, AX
	MOVL AX, ret+8(FP)
	RET
