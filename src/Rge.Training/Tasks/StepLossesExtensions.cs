using Rge.Training.Objective;

namespace Rge.Training.Tasks;

/// <summary>Losses of the joint objective as a report.</summary>
internal static class StepLossesExtensions
{
    /// <summary>The report of a step; next-token measures are left out where no token was predicted.</summary>
    public static StepReport ToReport(this StepLosses losses, int queries)
    {
        var measures = new OrderedDictionary<string, double?>(StringComparer.Ordinal);
        if (losses.LmTokens > 0)
            (measures["lm_loss"], measures["lm_accuracy"]) = (losses.LmLoss, losses.LmAccuracy);
        return new StepReport
        {
            Loss = losses.Loss,
            Queries = queries,
            Tokens = losses.Tokens,
            Measures = measures,
        };
    }
}
