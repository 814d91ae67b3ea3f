using Rge.Imaging;

namespace Rge.Presets;

/// <summary>How images are read and sized. Immutable.</summary>
public sealed record PresetImages
{
    /// <summary>What becomes of transparency.</summary>
    public AlphaHandling Alpha { get; init; }

    /// <summary>The resizes in their order, the last one a <see cref="FitStep"/>; empty for what the checkpoint's own files say.</summary>
    public IReadOnlyList<ResizeStep> Steps { get; init; } = [];
}
