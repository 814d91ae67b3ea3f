using Rge.Training.Optimization;
using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Training.Tests;

/// <summary>What cannot be allocated as a whole leaves no part of it.</summary>
public sealed class FailedAllocationTests
{
    [Fact]
    public void An_optimizer_that_cannot_hold_all_its_state_leaves_none()
    {
        using var parameter = ones(2, ScalarType.BFloat16);
        var statistics = DisposeScopeManager.Statistics.TensorStatistics;
        var before = statistics.ThreadTotalLiveCount;
        Assert.Throws<InvalidDataException>(() => new AdamW(Parameters(), 0.9, 0.98, 1e-8));
        Assert.Equal(before, statistics.ThreadTotalLiveCount);

        IEnumerable<TrainedParameter> Parameters()
        {
            yield return new TrainedParameter("p", parameter, 1, 0);
            throw new InvalidDataException();
        }
    }

    [Fact]
    public void An_optimizer_owns_its_state_and_only_that()
    {
        using var scope = NewDisposeScope();
        Tensor own = ones(2),
            other = ones(2, ScalarType.BFloat16);
        var optimizer = new AdamW([new TrainedParameter("own", own, 1, 0), new TrainedParameter("other", other, 1, 0)], 0.9, 0.98, 1e-8);
        Assert.Equal(2, scope.DisposablesCount);
        Assert.All(optimizer.State(), state => Assert.False(state.Value.IsInvalid));
        optimizer.Dispose();
        Assert.False(own.IsInvalid);
    }
}
