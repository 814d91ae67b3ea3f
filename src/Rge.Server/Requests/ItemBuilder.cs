using System.Text.Json;

namespace Rge.Server.Requests;

/// <summary>Puts an item together from texts and images in their order.</summary>
internal sealed class ItemBuilder
{
    private readonly List<(string? Text, ImageReference? Image)> _parts = [];
    private readonly List<string> _instructions = [];

    /// <summary>Adds a text; one that is the data URI of an image is that image.</summary>
    public void AddText(JsonField text)
    {
        if (ImageReference.OfText(text) is { } image) _parts.Add((null, image));
        // An empty text beside something else says nothing, and puts no space anywhere.
        else if (text.Text() is { Length: > 0 } words) _parts.Add((words, null));
    }

    public void AddImage(JsonField image) => _parts.Add((null, ImageReference.Read(image)));

    public void AddInstruction(string instruction) => _instructions.Add(instruction);

    /// <summary>Adds what a message or an item of content says: a string, or a list of parts.</summary>
    /// <param name="content">The content.</param>
    /// <param name="most">Parts that there may be.</param>
    /// <exception cref="ApiException">A part is not what it should be.</exception>
    public void AddContent(JsonField content, int most)
    {
        if (content.Kind == JsonValueKind.String)
        {
            AddText(content);
            return;
        }
        foreach (var part in content.Elements(most, "parts"))
        {
            RequestMembers.Part.Check(part);
            var type = part["type"];
            switch (type.OptionalText())
            {
                case "text":
                    AddText(part["text"]);
                    break;
                case "image_url" when part["image_url"] is { Kind: JsonValueKind.Object } image:
                    RequestMembers.ImageUrl.Check(image);
                    AddImage(image["url"]);
                    break;
                case "image_url":
                    AddImage(part["image_url"]);
                    break;
                case "image_base64":
                    AddImage(part["image_base64"]);
                    break;
                default:
                    throw type.Error("\"text\", \"image_url\" or \"image_base64\"");
            }
        }
    }

    /// <summary>The item.</summary>
    /// <param name="shared">Role, instruction and reasoning, which the request has for all its items.</param>
    /// <param name="path">The item's place in the request.</param>
    public RequestItem Build(EmbeddingInput shared, string path)
    {
        var instruction = string.Join(' ', _instructions.Prepend(shared.Instruction ?? "").Where(text => text.Length > 0));
        return new RequestItem(shared with { Instruction = instruction }, _parts, path);
    }
}
