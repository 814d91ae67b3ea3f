namespace Rge.Prompts;

/// <summary>An item as the model reads it.</summary>
/// <param name="TokenIds">Token ids, image pads expanded.</param>
/// <param name="ImageTokens">How many of them are image tokens.</param>
/// <param name="RationaleIds">Those that are a given rationale.</param>
public sealed record ItemPrompt(int[] TokenIds, int ImageTokens, int[] RationaleIds)
{
    /// <summary>Where the embedding is taken, unless a rationale follows: the last token, or one that the preset names.</summary>
    public int PooledIndex { get; init; } = TokenIds.Length - 1;
}
