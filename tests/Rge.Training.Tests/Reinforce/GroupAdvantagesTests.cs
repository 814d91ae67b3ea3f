using CsCheck;
using Rge.Training.Objective;

namespace Rge.Training.Tests.Reinforce;

public sealed class GroupAdvantagesTests
{
    private static readonly Gen<double[]> Rewards = Gen.Double[-2, 2].Array[2, 9];

    [Fact]
    public void They_are_rewards_less_the_mean_over_the_standard_deviation() =>
        Rewards.Sample(rewards =>
        {
            var mean = 0.0;
            foreach (var reward in rewards)
                mean += reward / rewards.Length;
            var squares = 0.0;
            foreach (var reward in rewards)
                squares += (reward - mean) * (reward - mean);
            var deviation = Math.Sqrt(squares / (rewards.Length - 1));
            double[] normalized = GroupAdvantages.Of(rewards, normalizeStd: true),
                plain = GroupAdvantages.Of(rewards, normalizeStd: false);
            for (var i = 0; i < rewards.Length; i++)
            {
                Assert.Equal(rewards[i] - mean, plain[i], 1e-9);
                Assert.Equal((rewards[i] - mean) / (deviation + 1e-4), normalized[i], 1e-6);
            }
            Assert.Equal(0, normalized.Sum(), 1e-6);
        });

    [Theory, InlineData(true), InlineData(false)]
    public void Equal_rewards_teach_nothing(bool normalizeStd) =>
        Assert.Equal([0, 0, 0], GroupAdvantages.Of([0.1 + 0.2, 0.1 + 0.2, 0.1 + 0.2], normalizeStd));

    [Fact]
    public void A_whole_group_that_is_better_by_a_constant_has_the_same_advantages() =>
        Assert.Equal(GroupAdvantages.Of([1, 2, 4], true), GroupAdvantages.Of([11, 12, 14], true), (a, b) => Math.Abs(a - b) < 1e-9);
}
