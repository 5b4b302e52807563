"""A tour of data that is not rectangular: strings, ragged tensors, sparse tensors, lookup tables.

It turns a few sentences into words, counts, a sparse matrix of word counts, and pooled embeddings.
Change the import to TensorFlow's, and it prints the same.

    python examples/core/ragged_sparse_strings.py
"""

import numpy as np

import freshet as ft

SENTENCES = [
    "The river rises, and the rain falls.",
    "Rain!",
    "A freshet is a sudden rise of a river after heavy rain or melting snow.",
    "",
]


def words_of(sentences):
    """Return the words of each sentence, in lower case and without punctuation: ragged."""
    clean = ft.strings.regex_replace(ft.strings.lower(sentences), r"[^a-z ]", "")
    return ft.strings.split(clean)


def main():
    sentences = ft.constant(SENTENCES)
    words = words_of(sentences)
    print("words:", [[w.decode() for w in row] for row in words.to_list()])
    print("how many:", words.row_lengths().numpy().tolist())
    print("characters:", ft.strings.length(words).to_list())
    print("joined:", ft.strings.reduce_join(words, axis=1, separator="-").numpy()[0].decode())

    # A vocabulary, most frequent words first, and the words' numbers.
    unique, _, counts = ft.unique_with_counts(words.flat_values)
    order = ft.argsort(counts, direction="DESCENDING", stable=True)
    vocabulary = ft.gather(unique, order)
    print("most frequent:", [w.decode() for w in vocabulary.numpy()[:4]])
    table = ft.lookup.StaticHashTable(
        ft.lookup.KeyValueTensorInitializer(
            vocabulary, ft.range(ft.size(vocabulary), dtype=ft.int32)
        ),
        default_value=-1,
    )
    numbers = ft.ragged.map_flat_values(table.lookup, words)
    print("numbers:", numbers.to_list()[0])
    print("unknown:", table.lookup(ft.constant(["rain", "sun"])).numpy().tolist())

    # Pooled embeddings: the mean of each sentence's word vectors.
    size = int(table.size())
    embeddings = ft.reshape(ft.sin(ft.range(size * 3, dtype=ft.float32)), [size, 3])
    vectors = ft.ragged.map_flat_values(ft.gather, embeddings, numbers)
    pooled = ft.math.divide_no_nan(
        ft.reduce_sum(vectors, axis=1), ft.cast(words.row_lengths(), ft.float32)[:, ft.newaxis]
    )
    print("pooled:", np.round(pooled.numpy().astype(float), 4)[[0, 3]].tolist())

    # Bigrams, and rows of one length for a model that wants a rectangle.
    bigrams = ft.strings.ngrams(words, 2)
    print("bigrams:", [b.decode() for b in bigrams.to_list()[0]])
    padded = numbers.to_tensor(default_value=-1, shape=[None, 5])
    print("padded:", padded.numpy().tolist())

    # A sparse matrix: how often each sentence has each word.
    rows = ft.cast(numbers.value_rowids(), ft.int64)
    columns = ft.cast(numbers.flat_values, ft.int64)
    pairs, _, times = ft.unique_with_counts(rows * size + columns)
    indices = ft.stack([pairs // size, pairs % size], axis=1)
    counted = ft.sparse.reorder(
        ft.SparseTensor(indices, ft.cast(times, ft.float32), [len(SENTENCES), size])
    )
    print("counts held:", int(ft.size(counted.values)), "of", len(SENTENCES) * size)
    print("per sentence:", ft.sparse.reduce_sum(counted, axis=1).numpy().tolist())
    idf = ft.math.log(4.0 / ft.reduce_sum(ft.cast(ft.sparse.to_dense(counted) > 0, ft.float32), 0))
    weights = ft.sparse.sparse_dense_matmul(counted, idf[:, ft.newaxis])
    print("weights:", np.round(weights.numpy()[:, 0].astype(float), 4).tolist())

    # Unicode, formatting and numbers.
    code_points = ft.strings.unicode_decode(["häufig", "日本"], "UTF-8")
    print("code points:", code_points.to_list())
    print("back:", [t.decode() for t in ft.strings.unicode_encode(code_points, "UTF-8").numpy()])
    print(ft.strings.format("rows: {}", [words.row_lengths()]).numpy().decode())
    print("sum:", float(ft.reduce_sum(ft.strings.to_number(["1.5", "2", "-0.25"]))))


if __name__ == "__main__":
    main()
