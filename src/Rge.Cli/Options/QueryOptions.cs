using System.CommandLine;
using Rge.Cli.Output;
using Rge.Imaging;

namespace Rge.Cli.Options;

/// <summary>The options that describe one item: instruction, text and images.</summary>
internal sealed class QueryOptions
{
    private readonly Option<string?> _text = new("--text", "-t") { Description = "The item's text." };
    private readonly Option<FileInfo[]> _images = new("--image", "-i")
    {
        Description = "An image of the item; may be given several times.",
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<string?> _instruction = new("--instruction")
    {
        Description = "What to do with the item, for example \"Find an image of the same object:\".",
    };
    private readonly Option<string?> _rationale = new("--rationale") { Description = "A rationale to use instead of writing one." };

    /// <summary>Adds the options.</summary>
    /// <param name="command">The verb.</param>
    /// <param name="instead">An option that says what to embed instead; null where the item has to be given.</param>
    public void AddTo(Command command, Option? instead = null)
    {
        foreach (var option in (Option[])[_text, _images, _instruction, _rationale])
            command.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetResult(_text) is not null && ImageDataUri.Is(result.GetValue(_text)))
                result.AddError($"{_text.Name} {ImageDataUri.Problem}.");
            var isGiven = ((Option[])[_text, _images, _instruction]).Any(option => result.GetResult(option) is not null);
            if (instead is not null && result.GetResult(instead) is not null)
            {
                if (isGiven || result.GetResult(_rationale) is not null)
                    result.AddError(
                        $"{instead.Name} was given, so --text, --image, --instruction and --rationale were not expected: each row has "
                            + "its own."
                    );
            }
            else if (!isGiven)
            {
                result.AddError(
                    "There is nothing to embed: expected --text, --image or "
                        + $"--instruction{(instead is null ? "" : $", or {instead.Name}")}."
                );
            }
        });
    }

    /// <summary>The item.</summary>
    /// <exception cref="CliException">There is nothing in it: texts that are given are empty.</exception>
    public EmbeddingInput Read(ParseResult parsed, ItemRole role)
    {
        var item = new EmbeddingInput
        {
            Role = role,
            Instruction = parsed.GetValue(_instruction),
            Text = parsed.GetValue(_text),
            Images = [.. (parsed.GetValue(_images) ?? []).Select(file => ImageSource.FromFile(file.FullName))],
            Rationale = parsed.GetValue(_rationale),
        };
        return item.Images.Count == 0 && string.IsNullOrEmpty(item.Text) && string.IsNullOrEmpty(item.Instruction)
            ? throw new CliException("The item is empty: it has neither instruction, text nor images.")
            : item;
    }
}
