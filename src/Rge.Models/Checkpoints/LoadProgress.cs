namespace Rge.Models.Checkpoints;

/// <summary>How far the loading of a model has got.</summary>
public sealed record LoadProgress
{
    /// <summary>Parameters that are loaded.</summary>
    public required int Loaded { get; init; }

    /// <summary>Parameters of the model.</summary>
    public required int Total { get; init; }
}
