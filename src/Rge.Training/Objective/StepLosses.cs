using Rge.Training.Settings;

namespace Rge.Training.Objective;

/// <summary>The outcome of one step of the joint objective.</summary>
public sealed record StepLosses
{
    /// <summary>The weighted sum that was differentiated.</summary>
    public required double Loss { get; init; }

    /// <summary>Mean next-token loss over the predicted tokens; 0 without any.</summary>
    public double LmLoss { get; init; }

    /// <summary>Share of predicted tokens that were the likeliest, 0 to 1.</summary>
    public double LmAccuracy { get; init; }

    /// <summary>InfoNCE of query embeddings after the rationale of the settings; 0 without targets.</summary>
    public double InfoNce { get; init; }

    /// <summary>InfoNCE of the further query embeddings that the settings ask for, before it is weighted.</summary>
    public IReadOnlyDictionary<RationaleSource, double> Also { get; init; } = new Dictionary<RationaleSource, double>();

    /// <summary>What the gate has learned; null where none is trained.</summary>
    public GateOutcome? Gate { get; init; }

    /// <summary>Predicted tokens.</summary>
    public int LmTokens { get; init; }

    /// <summary>Tokens of all sequences, shared ones counted once a sequence.</summary>
    public int Tokens { get; init; }
}
