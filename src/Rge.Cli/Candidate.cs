using Rge.Search.Indexing;

namespace Rge.Cli;

/// <summary>Something to rank: a text, or a picture with or without a text.</summary>
/// <param name="Label">How it is shown: the text, or the file's name.</param>
/// <param name="Item">The item to embed.</param>
internal sealed record Candidate(string Label, EmbeddingInput Item)
{
    /// <summary>Reads what a user names: a folder stands for the pictures in it, a picture file for itself, anything else is a text.</summary>
    /// <param name="value">The argument.</param>
    /// <param name="instruction">What the model is told to do with the candidate.</param>
    /// <exception cref="CliException">A folder holds no pictures.</exception>
    public static IEnumerable<Candidate> Read(string value, string? instruction)
    {
        if (Directory.Exists(value))
        {
            var pictures = Directory.EnumerateFiles(value).Where(ItemFile.IsPicture).Order(StringComparer.Ordinal).ToList();
            if (pictures.Count == 0) throw new CliException($"The folder {value} holds no pictures ({ItemFile.PictureExtensions}).");
            return pictures.Select(path => Picture(path, instruction));
        }
        if (ItemFile.IsPicture(value) && File.Exists(value)) return [Picture(value, instruction)];
        return [new Candidate(value, new EmbeddingInput { Role = ItemRole.Target, Text = value, Instruction = instruction })];
    }

    private static Candidate Picture(string path, string? instruction) =>
        new(Path.GetFileName(path), new EmbeddingInput { Role = ItemRole.Target, Instruction = instruction, Images = [ImageSource.FromFile(path)] });
}
