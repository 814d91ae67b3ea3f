using CsCheck;
using Rge.Training.Objective;
using Rge.Training.Settings;

namespace Rge.Training.Tests.Reinforce;

public sealed class EmbeddingStandingTests
{
    private static readonly Gen<double[]> Cosines = Gen.Double[-1, 1].Array[1, 9];

    [Fact]
    public void Rank_and_margin_are_those_of_their_definitions() =>
        Gen.Select(Cosines, Cosines, Gen.Double[0.05, 2])
            .Sample(
                (own, negatives, temperature) =>
                {
                    var best = own.Max();
                    var total = negatives.Sum(cosine => Math.Exp(cosine / temperature));
                    var margin = best - negatives.Sum(cosine => Math.Exp(cosine / temperature) / total * cosine);
                    var standing = EmbeddingStanding.Of(own, negatives, temperature);
                    Assert.Equal(1.0 / (1 + negatives.Count(cosine => cosine >= best)), standing.ReciprocalRank);
                    Assert.Equal(margin, standing.Margin, 1e-9);
                    Assert.Equal(standing.ReciprocalRank, standing.Reward(RewardKind.Rank));
                    Assert.Equal(standing.Margin, standing.Reward(RewardKind.Margin));
                    Assert.Equal(
                        standing.Margin > 0 ? standing.ReciprocalRank * standing.Margin : standing.Margin,
                        standing.Reward(RewardKind.Product)
                    );
                }
            );

    [Fact]
    public void A_nearer_own_target_is_never_worth_less() =>
        Gen.Select(Gen.Double[-1, 1], Gen.Double[0, 1], Cosines, Gen.Enum<RewardKind>())
            .Sample(
                (own, nearer, negatives, kind) =>
                    EmbeddingStanding.Of([own + nearer], negatives, 0.5).Reward(kind)
                    >= EmbeddingStanding.Of([own], negatives, 0.5).Reward(kind)
            );

    [Fact]
    public void The_nearest_of_several_own_targets_counts_and_equals_go_before_it()
    {
        Assert.Equal(1.0 / 3, EmbeddingStanding.Of([0.1, 0.4], [0.4, 0.9, 0.3], 0.5).ReciprocalRank);
        Assert.Equal(1, EmbeddingStanding.Of([0.1, 0.4], [0.39, 0.2], 0.5).ReciprocalRank);
    }

    [Fact]
    public void Without_negatives_all_rationales_are_worth_the_same()
    {
        Assert.Equal(new EmbeddingStanding(1, 0), EmbeddingStanding.Of([0.2], [], 0.5));
        Assert.Equal(EmbeddingStanding.Of([0.9], [], 0.5), EmbeddingStanding.Of([0.2], [], 0.5));
    }

    [Fact]
    public void Extreme_temperatures_stay_finite()
    {
        Assert.Equal(0.5 - 1, EmbeddingStanding.Of([0.5], [1, -1], 0.001).Margin, 1e-9); // the nearest negative alone
        Assert.Equal(0.5, EmbeddingStanding.Of([0.5], [1, -1], 1e6).Margin, 1e-5); // their mean
    }
}
