using Rge.Training.Settings;

namespace Rge.Training.Tests;

public sealed class PhaseSettingsTests
{
    [Theory]
    [InlineData(LearningRateShape.Constant, 1, 1)]
    [InlineData(LearningRateShape.Linear, 0.6, 0.208)]
    [InlineData(LearningRateShape.Cosine, 0.6, 0.2001974)]
    public void The_rate_rises_and_then_follows_its_shape(LearningRateShape shape, double middle, double last)
    {
        var phase = new PhaseSettings
        {
            Steps = 110,
            WarmupSteps = 10,
            LearningRate = 1,
            Schedule = shape,
            FinalFraction = 0.2,
        };
        // The last of 100 steps after the warm-up stands at 0.99 of the way: 0.2 + 0.8 · (1 − progress).
        Assert.Equal(0.1, phase.RateAt(0), 1e-12);
        Assert.Equal(1, phase.RateAt(9), 1e-12);
        Assert.Equal(1, phase.RateAt(10), 1e-12);
        Assert.Equal(middle, phase.RateAt(60), 1e-12);
        Assert.Equal(last, phase.RateAt(109), 1e-6);
    }

    [Fact]
    public void A_run_goes_through_its_phases()
    {
        var config = new TrainingConfig { Phases = [new() { Name = "a", Steps = 2 }, new() { Name = "b", Steps = 3 }] };
        Assert.Equal(
            ["a0", "a1", "b0", "b1", "b2"],
            Enumerable.Range(0, 5).Select(step => config.At(step)).Select(at => at.Phase.Name + at.Step)
        );
        Assert.Throws<ArgumentOutOfRangeException>(() => config.At(5));
    }
}
