using System.CommandLine;

namespace Rge.Cli;

/// <summary>The options that describe one item: instruction, text and pictures.</summary>
internal sealed class QueryOptions
{
    private readonly Option<string?> _text = new("--text", "-t") { Description = "The item's text." };
    private readonly Option<FileInfo[]> _images = new("--image", "-i") { Description = "A picture of the item; may be given several times.", AllowMultipleArgumentsPerToken = true };
    private readonly Option<string?> _instruction = new("--instruction") { Description = "What is to be done with the item, for example \"Find a picture that shows the same thing:\"." };
    private readonly Option<string?> _rationale = new("--rationale") { Description = "A rationale to read instead of writing one." };

    public void AddTo(Command command)
    {
        command.Add(_text);
        command.Add(_images);
        command.Add(_instruction);
        command.Add(_rationale);
    }

    public bool IsEmpty(ParseResult parsed) => parsed.GetValue(_text) is null && parsed.GetValue(_images) is null or [] && parsed.GetValue(_instruction) is null;

    /// <summary>The item.</summary>
    /// <exception cref="CliException">Nothing was given.</exception>
    public EmbeddingInput Read(ParseResult parsed, ItemRole role)
    {
        if (IsEmpty(parsed)) throw new CliException("There is nothing to embed: expected --text, --image or --instruction.");
        return new EmbeddingInput
        {
            Role = role,
            Instruction = parsed.GetValue(_instruction),
            Text = parsed.GetValue(_text),
            Images = [.. (parsed.GetValue(_images) ?? []).Select(file => ImageSource.FromFile(file.FullName))],
            Rationale = parsed.GetValue(_rationale),
        };
    }
}
