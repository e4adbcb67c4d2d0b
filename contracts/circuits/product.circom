pragma circom 2.1.0;

include "poseidon.circom";
include "bitify.circom";

// The sampled lines of the standard benchmark and their products (docs/reference/zero-knowledge.md).
// The matrices' generator (Keccak) stays outside: the contract derives the true words and opens the committed entries, and folds both in the same
// order at `gamma`, the hash of what is folded here. Two different vectors fold to one value with probability (their length) / (field's order).

// 42 elements of 6 bits, lowest first, each minus 32. A word above 252 bits has no witness.
template Elements() {
    signal input word;
    signal output element[42];
    component bits = Num2Bits(252);
    bits.in <== word;
    for (var e = 0; e < 42; e++) {
        var sum = 0;
        for (var b = 0; b < 6; b++) {
            sum += bits.out[6 * e + b] * (1 << b);
        }
        element[e] <== sum - 32;
    }
}

// One Poseidon hash after another, each over the last and up to 15 more values.
template Chain(count) {
    signal input in[count];
    signal output out;
    var links = (count + 14) \ 15;
    component link[links];
    for (var l = 0; l < links; l++) {
        link[l] = Poseidon(16);
        link[l].inputs[0] <== l == 0 ? count : link[l - 1].out;
        for (var i = 0; i < 15; i++) {
            link[l].inputs[i + 1] <== 15 * l + i < count ? in[15 * l + i] : 0;
        }
    }
    out <== link[links - 1].out;
}

// `claim` (the hash of seed, root and sample seed), the words of two rows of A, then of two columns of B, each of `depth` elements in words of 42; then the
// entries where they cross, row by row.
template Product(depth) {
    var words = (depth + 41) \ 42;
    signal input claim;
    signal input word[4][words];
    signal output gamma;
    signal output fold;

    component elements[4][words];
    component chain = Chain(4 * words + 1);
    chain.in[0] <== claim;
    for (var l = 0; l < 4; l++) {
        for (var w = 0; w < words; w++) {
            elements[l][w] = Elements();
            elements[l][w].word <== word[l][w];
            chain.in[l * words + w + 1] <== word[l][w];
        }
    }
    gamma <== chain.out;

    signal folded[4 * words + 1];
    folded[0] <== claim;
    for (var t = 0; t < 4 * words; t++) {
        folded[t + 1] <== folded[t] * gamma + word[t \ words][t % words];
    }

    // Horner's rule over the four entries is one inner product: sum over k of (gamma^2 a0 + a1) (gamma b0 + b1).
    signal square <== gamma * gamma;
    signal fourth <== square * square;
    signal row[depth];
    signal column[depth];
    signal partial[depth + 1];
    partial[0] <== 0;
    for (var k = 0; k < depth; k++) {
        row[k] <== square * elements[0][k \ 42].element[k % 42] + elements[1][k \ 42].element[k % 42];
        column[k] <== gamma * elements[2][k \ 42].element[k % 42] + elements[3][k \ 42].element[k % 42];
        partial[k + 1] <== partial[k] + row[k] * column[k];
    }
    fold <== folded[4 * words] * fourth + partial[depth];
}
