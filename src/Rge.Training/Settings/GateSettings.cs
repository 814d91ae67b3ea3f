namespace Rge.Training.Settings;

/// <summary>
/// The gate of a model that decides by its first token whether it reasons: the probability of <c>&lt;emb&gt;</c> after the prompt is
/// trained to be that of the direct embedding serving a query as well as the one after its self rationale.
/// </summary>
/// <remarks>
/// The label of a query is measured in each step, by <see cref="Label"/>. The next-token loss leaves <c>&lt;emb&gt;</c> out of the choice of
/// the first token, so that it does not work against the gate. A self rationale begins with another token.
/// </remarks>
public sealed record GateSettings
{
    /// <summary>
    /// The threshold that results are saved with. One half would be too low: targets of a test are harder to tell apart than those of a
    /// batch.
    /// </summary>
    internal const double Threshold = 0.9;

    /// <summary>Weight of the binary cross entropy, averaged over queries; 0 trains no gate.</summary>
    public double Weight { get; init; }

    /// <summary>What is compared.</summary>
    public GateLabel Label { get; init; }

    /// <summary>With <see cref="GateLabel.Loss"/>: how much larger the direct embedding's InfoNCE may be, in nats.</summary>
    public double Margin { get; init; }

    /// <summary>Whether a gate is trained.</summary>
    internal bool IsOn => Weight > 0;
}
