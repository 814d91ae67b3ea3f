using Rge.Decoding;
using static TorchSharp.torch;

namespace Rge.Tests.Decoding;

public sealed class LikeliestTokensTests
{
    [Fact]
    public void The_first_of_equals_is_taken_and_no_banned_one()
    {
        using var logits = tensor(new float[] { 1, 5, 5, 2, 9, 3, 7, 7, 7, 8 }, [2, 5]);
        Assert.Equal([(1, 5f), (1, 7f)], LikeliestTokens.Find(logits, [4, -1, 5]));
    }

    [Theory, InlineData(float.NaN), InlineData(float.PositiveInfinity)]
    public void What_is_not_finite_is_found(float value)
    {
        using var logits = tensor(new[] { 1, value, 3 }, [1, 3]);
        var (token, logit) = LikeliestTokens.Find(logits, []).Single();
        Assert.Equal((1, value), (token, logit));
        Assert.Throws<EmbeddingException>(() => TokenSampler.RequireFinite(token, logit));
    }

    [Fact]
    public void Bfloat16_logits_are_taken()
    {
        using var logits = tensor(new float[] { 1, 2, 1.5f }, [1, 3], ScalarType.BFloat16);
        Assert.Equal([(1, 2f)], LikeliestTokens.Find(logits, []));
        Assert.Equal([(2, 1.5f)], LikeliestTokens.Find(logits, [1]));
    }
}
