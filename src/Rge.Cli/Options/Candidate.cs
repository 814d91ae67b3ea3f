namespace Rge.Cli.Options;

/// <summary>Something to rank: a text, or images with or without a text.</summary>
/// <param name="Label">How it is shown: the text, or the name of the file.</param>
/// <param name="Path">The file that it was read from; null for a text.</param>
/// <param name="Item">The item to embed.</param>
/// <param name="Row">The file and line that it was read from, such as <c>items.jsonl, line 3</c>; null where it was given alone.</param>
internal sealed record Candidate(string Label, string? Path, EmbeddingInput Item, string? Row = null)
{
    /// <summary>What it is called where it cannot be ranked.</summary>
    public string Name => Row ?? Path ?? Label;

    /// <summary>Why it cannot be ranked, with the place that it was read from.</summary>
    public string Problem(string problem) => Row is null ? problem : $"{Row}: {problem}";

    /// <summary>What it is, in a word.</summary>
    public string Kind => Item.Images.Count > 0 ? "image" : "text";
}
