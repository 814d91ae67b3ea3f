using Rge.Training.Objective;

namespace Rge.Training.Tasks;

/// <summary>Losses of the joint objective as a report.</summary>
internal static class StepLossesExtensions
{
    /// <summary>The report of a step; next-token measures are left out where no token was predicted.</summary>
    /// <param name="losses">The losses.</param>
    /// <param name="queries">Queries of the step.</param>
    /// <param name="embeds">Whether InfoNCE was taken.</param>
    public static StepReport ToReport(this StepLosses losses, int queries, bool embeds = false)
    {
        var measures = new OrderedDictionary<string, double?>(StringComparer.Ordinal);
        if (losses.LmTokens > 0)
            (measures["lm_loss"], measures["lm_accuracy"]) = (losses.LmLoss, losses.LmAccuracy);
        if (embeds)
        {
            measures["info_nce"] = losses.InfoNce;
            foreach (var (source, loss) in losses.Also)
                measures[$"info_nce_{source.ToString().ToLowerInvariant()}"] = loss;
        }
        if (losses.Gate is { } gate)
            (measures["gate_loss"], measures["gate_direct"], measures["gate_accuracy"]) = (gate.Loss, gate.Direct, gate.Accuracy);
        return new StepReport
        {
            Loss = losses.Loss,
            Queries = queries,
            Tokens = losses.Tokens,
            Measures = measures,
        };
    }
}
