namespace Rge.Cli.Options;

/// <summary>Something to rank: a text, or images with or without a text.</summary>
/// <param name="Label">How it is shown: the text, or the name of the file.</param>
/// <param name="Path">The file that it was read from; null for a text.</param>
/// <param name="Item">The item to embed.</param>
internal sealed record Candidate(string Label, string? Path, EmbeddingInput Item)
{
    /// <summary>What it is, in a word.</summary>
    public string Kind => Item.Images.Count > 0 ? "image" : "text";
}
