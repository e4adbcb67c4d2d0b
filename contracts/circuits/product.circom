pragma circom 2.1.0;

include "poseidon.circom";
include "bitify.circom";

// The sampled lines of the standard benchmark and their products (docs/reference/zero-knowledge.md).
// The matrices' generator (Keccak) stays outside: the contract derives the true words and opens the committed entries, and folds both in the same
// order at `gamma`, which is drawn from `commitment`. Two different vectors fold to one value with probability (their length) / (field's order).

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

// `samples` rows of A, then as many columns of B, each of `depth` elements in words of 42; then the entries where they cross, row by row.
template Product(depth, samples) {
    var words = (depth + 41) \ 42;
    var lines = 2 * samples;
    var crossings = samples * samples;
    signal input gamma;
    signal input word[lines][words];
    signal output commitment;
    signal output fold;

    component elements[lines][words];
    component chain = Chain(lines * words);
    for (var l = 0; l < lines; l++) {
        for (var w = 0; w < words; w++) {
            elements[l][w] = Elements();
            elements[l][w].word <== word[l][w];
            chain.in[l * words + w] <== word[l][w];
        }
    }
    commitment <== chain.out;

    signal partial[crossings][depth + 1];
    for (var c = 0; c < crossings; c++) {
        var row = c \ samples;
        var column = samples + c % samples;
        partial[c][0] <== 0;
        for (var k = 0; k < depth; k++) {
            partial[c][k + 1] <== partial[c][k] + elements[row][k \ 42].element[k % 42] * elements[column][k \ 42].element[k % 42];
        }
    }

    var terms = lines * words + crossings;
    signal folded[terms + 1];
    folded[0] <== 0;
    for (var t = 0; t < lines * words; t++) {
        folded[t + 1] <== folded[t] * gamma + word[t \ words][t % words];
    }
    for (var c = 0; c < crossings; c++) {
        folded[lines * words + c + 1] <== folded[lines * words + c] * gamma + partial[c][depth];
    }
    fold <== folded[terms];
}
