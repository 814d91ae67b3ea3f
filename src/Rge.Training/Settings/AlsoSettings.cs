namespace Rge.Training.Settings;

/// <summary>
/// Further query embeddings that InfoNCE trains beside the one of <see cref="ObjectiveSettings.Rationale"/>, against the same targets:
/// their weights, relative to its 1. With <c>rationale: self</c>, <c>also: {none: 0.5}</c> makes one index answer queries with and without a
/// rationale.
/// </summary>
public sealed record AlsoSettings
{
    /// <summary>Weight of the embedding without a rationale.</summary>
    public double None { get; init; }

    /// <summary>Weight of the embedding after the oracle rationale.</summary>
    public double Oracle { get; init; }

    /// <summary>Weight of the embedding after a self rationale.</summary>
    public double Self { get; init; }

    /// <summary>Weight of the embeddings after sampled rationales, together.</summary>
    public double Sampled { get; init; }

    /// <summary>The weight of a kind; 0 for the controls.</summary>
    internal double Of(RationaleSource source) =>
        source switch
        {
            RationaleSource.None => None,
            RationaleSource.Oracle => Oracle,
            RationaleSource.Self => Self,
            RationaleSource.Sampled => Sampled,
            _ => 0,
        };
}
