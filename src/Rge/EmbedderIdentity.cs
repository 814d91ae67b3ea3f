using System.Text.Json.Serialization;
using Rge.Imaging;

namespace Rge;

/// <summary>All of an embedder that decides what an item gets, apart from the call: its model and its own settings.</summary>
/// <param name="Model">What <see cref="ModelFingerprint"/> says.</param>
/// <param name="Generation">How rationales are written.</param>
/// <param name="Pooling">Where the embedding is taken.</param>
/// <param name="QueryReasoning">Whether queries reason.</param>
/// <param name="TargetReasoning">Whether targets reason.</param>
internal sealed record EmbedderIdentity(
    string Model,
    GenerationOptions Generation,
    EmbeddingPooling Pooling,
    ReasoningMode QueryReasoning,
    ReasoningMode TargetReasoning
)
{
    /// <summary>
    /// What the preset says, as a digest; <see langword="null"/>, which is left out of keys, for those that are older than presets.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Preset { get; init; }

    /// <summary>What to do with images that end early; <see langword="null"/>, which is left out of keys, where they are refused.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TruncatedImages? Truncated { get; init; }
}
