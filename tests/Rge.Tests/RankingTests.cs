namespace Rge.Tests;

public sealed class RankingTests
{
    [Fact]
    public void Candidates_come_by_similarity_and_equals_by_index()
    {
        var ranking = Ranking.Rank(Vector(1, 0), [Vector(0, 2), Vector(3, 0), Vector(-1, 0), Vector(1, 0), Vector(1, 1)]);
        Assert.Equal([1, 3, 4, 0, 2], ranking.Select(ranked => ranked.Index));
        Assert.Equal(1, ranking[0].Score, tolerance: 1e-6);
        Assert.Equal(Math.Sqrt(0.5), ranking[2].Score, tolerance: 1e-6);
        Assert.Equal(-1, ranking[^1].Score, tolerance: 1e-6);
    }

    [Fact]
    public void Embeddings_of_different_dimensions_are_refused() =>
        Assert.Throws<ArgumentException>(() => Ranking.Rank(Vector(1, 0), [Vector(1, 0, 0)]));

    [Fact]
    public void Normalized_vectors_have_length_one_and_zero_stays_zero()
    {
        Assert.Equal([0.6f, 0.8f], Similarity.Normalize([3e20f, 4e20f]));
        Assert.Equal([0f, 0f], Similarity.Normalize([0, 0]));
    }

    private static ReadOnlyMemory<float> Vector(params float[] values) => values;
}
