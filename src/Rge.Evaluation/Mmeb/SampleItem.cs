using Rge.Data.Mmeb;

namespace Rge.Evaluation.Mmeb;

/// <summary>A query or candidate, for inspection.</summary>
public sealed record SampleItem
{
    /// <summary>Its text, as the model read it.</summary>
    public string? Text { get; init; }

    /// <summary>Path of its image.</summary>
    public string? Image { get; init; }

    /// <summary>Cosine with the query; <see langword="null"/> for the query itself.</summary>
    public float? Score { get; init; }

    /// <summary>Whether it is the right candidate.</summary>
    public bool IsRight { get; init; }

    internal static SampleItem From(EmbeddingInput item) =>
        new() { Text = MmebText.Format(item)?.Trim(), Image = item.Images.Count > 0 ? item.Images[0].Name : null };
}
