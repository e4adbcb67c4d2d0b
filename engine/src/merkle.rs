//! Binary Keccak trees padded with zero hashes: `docs/reference/engine.md`, "Hashes".

use crate::keccak::{keccak_many, keccak256};
use crate::units::Hash;

/// A tree that changes by leaves and hashes only the paths above them.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// `layers[0]` are the leaves; layer `k` has `ceil(leaves / 2^k)` nodes, what lies beyond is the empty subtree.
    layers: Vec<Vec<Hash>>,
    /// The hash of an all-zero subtree of each height.
    empty: Vec<Hash>,
}

impl Tree {
    /// How many leaves there are.
    pub fn count(&self) -> usize {
        self.layers.first().map_or(0, Vec::len)
    }

    /// The root: 32 zero bytes without leaves.
    pub fn root(&self) -> Hash {
        self.layers.last().map_or(Hash::default(), |top| top[0])
    }

    /// Replaces or appends leaves, given by rising index without gaps beyond the last leaf.
    pub fn update(&mut self, leaves: &[(usize, Hash)]) {
        let Some((last, _)) = leaves.last() else { return };
        if self.layers.is_empty() {
            self.layers.push(Vec::new());
            self.empty = vec![Hash::default()];
        }
        for (index, leaf) in leaves {
            put(&mut self.layers[0], *index, *leaf);
        }
        let count = self.count();
        debug_assert!(*last < count);
        let mut dirty: Vec<usize> = leaves.iter().map(|(index, _)| *index).collect();
        let mut height = 0;
        while self.layers[height].len() > 1 {
            height += 1;
            self.grow_to(height);
            dirty = parents(&dirty);
            self.rehash(height, &dirty);
        }
    }

    fn grow_to(&mut self, height: usize) {
        if self.layers.len() == height {
            self.layers.push(Vec::new());
            let below = self.empty[height - 1];
            self.empty.push(node(&below, &below));
            // The first node of a new layer also covers what was the whole tree.
            let first = self.node_of(height, 0);
            self.layers[height].push(first);
        }
    }

    fn node_of(&self, height: usize, index: usize) -> Hash {
        node(&self.at(height - 1, 2 * index), &self.at(height - 1, 2 * index + 1))
    }

    fn at(&self, height: usize, index: usize) -> Hash {
        self.layers[height].get(index).copied().unwrap_or(self.empty[height])
    }

    fn rehash(&mut self, height: usize, dirty: &[usize]) {
        let mut pairs = Vec::with_capacity(dirty.len() * 64);
        for index in dirty {
            pairs.extend_from_slice(&self.at(height - 1, 2 * index).0);
            pairs.extend_from_slice(&self.at(height - 1, 2 * index + 1).0);
        }
        for (index, hash) in dirty.iter().zip(keccak_many(&pairs, 64)) {
            put(&mut self.layers[height], *index, hash);
        }
    }

    /// The siblings of leaf `index` from the leaf to the root; side by the index's bits, lowest first.
    pub fn proof(&self, index: usize) -> Option<Vec<Hash>> {
        let heights = 0..self.layers.len().saturating_sub(1);
        (index < self.count()).then(|| heights.map(|height| self.at(height, (index >> height) ^ 1)).collect())
    }
}

fn put(layer: &mut Vec<Hash>, index: usize, hash: Hash) {
    if index == layer.len() {
        layer.push(hash);
    } else {
        layer[index] = hash;
    }
}

fn parents(indexes: &[usize]) -> Vec<usize> {
    let mut parents: Vec<usize> = indexes.iter().map(|index| index / 2).collect();
    parents.dedup();
    parents
}

fn node(left: &Hash, right: &Hash) -> Hash {
    let mut pair = [0u8; 64];
    pair[..32].copy_from_slice(&left.0);
    pair[32..].copy_from_slice(&right.0);
    keccak256(&pair)
}

/// All layers of the tree over `leaves` (32 bytes each), concatenated from the padded leaves to the root.
///
/// # Panics
/// When `leaves` is not a whole number of hashes.
pub fn layers(leaves: &[u8]) -> Vec<u8> {
    assert!(leaves.len().is_multiple_of(32), "leaves of 32 bytes");
    let padded = (leaves.len() / 32).next_power_of_two() * 32;
    let mut bytes = Vec::with_capacity(2 * padded);
    bytes.extend_from_slice(leaves);
    bytes.resize(padded, 0);
    let mut layer = 0..padded;
    while layer.len() > 32 {
        let hashes = keccak_many(&bytes[layer.clone()], 64);
        layer = layer.end..layer.end + layer.len() / 2;
        hashes.iter().for_each(|hash| bytes.extend_from_slice(&hash.0));
    }
    bytes
}

/// Whether `proof` leads from `leaf` at `index` to `root`.
pub fn verify(root: &Hash, leaf: Hash, index: usize, proof: &[Hash]) -> bool {
    let climb = |(hash, index): (Hash, usize), sibling: &Hash| {
        (if index & 1 == 0 { node(&hash, sibling) } else { node(sibling, &hash) }, index >> 1)
    };
    proof.iter().fold((leaf, index), climb) == (*root, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(index: usize, salt: usize) -> Hash {
        keccak256(&[index.to_le_bytes(), salt.to_le_bytes()].concat())
    }

    fn root_of(leaves: &[Hash]) -> Hash {
        let bytes: Vec<u8> = leaves.iter().flat_map(|leaf| leaf.0).collect();
        let layers = layers(&bytes);
        Hash(layers[layers.len() - 32..].try_into().unwrap())
    }

    #[test]
    fn a_tree_without_leaves_and_of_one_leaf() {
        assert_eq!(Tree::default().root(), Hash::default());
        assert_eq!(root_of(&[]), Hash::default());
        let mut tree = Tree::default();
        tree.update(&[(0, leaf(0, 1))]);
        assert_eq!(tree.root(), leaf(0, 1));
        assert_eq!(tree.proof(0), Some(vec![]));
        assert_eq!(tree.proof(1), None);
    }

    #[test]
    fn changed_leaves_give_the_same_root_as_a_new_tree_and_every_proof_holds() {
        let mut tree = Tree::default();
        let mut leaves: Vec<Hash> = Vec::new();
        for round in 0..40 {
            let mut changed: Vec<usize> = (0..leaves.len()).filter(|i| (i * 7 + round) % 5 == 0).collect();
            changed.extend(leaves.len()..leaves.len() + round % 4);
            leaves.resize(leaves.len() + round % 4, Hash::default());
            changed.iter().for_each(|i| leaves[*i] = leaf(*i, round));
            tree.update(&changed.iter().map(|i| (*i, leaves[*i])).collect::<Vec<_>>());
            assert_eq!((tree.root(), tree.count()), (root_of(&leaves), leaves.len()), "round {round}");
            for (index, leaf) in leaves.iter().enumerate() {
                let proof = tree.proof(index).unwrap();
                assert!(verify(&tree.root(), *leaf, index, &proof));
                assert!(!verify(&tree.root(), *leaf, index + (1 << proof.len()), &proof));
            }
        }
    }
}
