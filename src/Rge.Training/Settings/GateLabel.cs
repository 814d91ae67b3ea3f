namespace Rge.Training.Settings;

/// <summary>When the direct embedding of a query counts as good as the one after its self rationale.</summary>
public enum GateLabel
{
    /// <summary>Where its nearest right target is at least as high among the targets of the batch.</summary>
    Rank,

    /// <summary>Where its InfoNCE loss is at most <see cref="GateSettings.Margin"/> larger.</summary>
    Loss,
}
