using System.CommandLine;

namespace Rge.Cli;

/// <summary>The options that describe one item: instruction, text and images.</summary>
internal sealed class QueryOptions
{
    private readonly Option<string?> _text = new("--text", "-t") { Description = "The item's text." };
    private readonly Option<FileInfo[]> _images = new("--image", "-i") { Description = "An image of the item; may be given several times.", AllowMultipleArgumentsPerToken = true };
    private readonly Option<string?> _instruction = new("--instruction") { Description = "What to do with the item, for example \"Find an image of the same object:\"." };
    private readonly Option<string?> _rationale = new("--rationale") { Description = "A rationale to use instead of writing one." };

    /// <summary>Adds the options.</summary>
    /// <param name="command">The verb.</param>
    /// <param name="instead">An option that says what to embed instead; null where the item has to be given.</param>
    public void AddTo(Command command, Option? instead = null)
    {
        foreach (var option in (Option[])[_text, _images, _instruction, _rationale]) command.Add(option);
        command.Validators.Add(result =>
        {
            var isGiven = ((Option[])[_text, _images, _instruction]).Any(option => result.GetResult(option) is not null);
            if (instead is not null && result.GetResult(instead) is not null)
            {
                if (isGiven || result.GetResult(_rationale) is not null)
                    result.AddError($"{instead.Name} was given, so --text, --image, --instruction and --rationale were not expected: each row has its own.");
            }
            else if (!isGiven)
            {
                result.AddError($"There is nothing to embed: expected --text, --image or --instruction{(instead is null ? "" : $", or {instead.Name}")}.");
            }
        });
    }

    /// <summary>The item.</summary>
    public EmbeddingInput Read(ParseResult parsed, ItemRole role) => new()
    {
        Role = role,
        Instruction = parsed.GetValue(_instruction),
        Text = parsed.GetValue(_text),
        Images = [.. (parsed.GetValue(_images) ?? []).Select(file => ImageSource.FromFile(file.FullName))],
        Rationale = parsed.GetValue(_rationale),
    };
}
