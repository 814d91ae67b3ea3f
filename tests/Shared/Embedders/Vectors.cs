namespace Rge.Tests.Shared.Embedders;

/// <summary>Comparisons of embeddings.</summary>
internal static class Vectors
{
    /// <summary>1 − cosine of two vectors of one length, in double precision.</summary>
    public static double CosineDistance(ReadOnlySpan<float> first, ReadOnlySpan<float> second)
    {
        Assert.Equal(first.Length, second.Length);
        var (product, ofFirst, ofSecond) = (0.0, 0.0, 0.0);
        for (var i = 0; i < first.Length; i++)
        {
            product += (double)first[i] * second[i];
            ofFirst += (double)first[i] * first[i];
            ofSecond += (double)second[i] * second[i];
        }
        return 1 - product / Math.Sqrt(ofFirst * ofSecond);
    }
}
