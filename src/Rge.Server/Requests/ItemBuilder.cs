using System.Text.Json;
using Rge.Server.Errors;

namespace Rge.Server.Requests;

/// <summary>Puts an item together from texts and images in their order.</summary>
internal sealed class ItemBuilder
{
    /// <summary>Parts of one item's content.</summary>
    public const int MaxParts = 1024;

    private static readonly RequestMembers ContentMembers = new("content");
    private static readonly RequestMembers PartMembers = new(["type", "text", "image_url", "image_base64"], withoutEffect: ["uuid"]);
    private static readonly RequestMembers ImageUrlMembers = new("url", "detail");

    private readonly List<(string? Text, ImageReference? Image)> _parts = [];
    private readonly List<string> _instructions = [];

    /// <summary>An item of one text.</summary>
    /// <exception cref="ApiException">It is no text.</exception>
    public static ItemBuilder OfText(JsonField text)
    {
        var item = new ItemBuilder();
        item.AddText(text);
        return item;
    }

    /// <summary>An item of one image.</summary>
    /// <exception cref="ApiException">It is no image.</exception>
    public static ItemBuilder OfImage(JsonField image)
    {
        var item = new ItemBuilder();
        item.AddImage(image);
        return item;
    }

    /// <summary>An item of the members <c>text</c> and <c>image</c>, one of which may be missing.</summary>
    /// <exception cref="ApiException">Both are, or one is not what it should be.</exception>
    public static ItemBuilder OfTextAndImage(JsonField field)
    {
        var (text, image, item) = (field["text"], field["image"], new ItemBuilder());
        if (!text.IsGiven && !image.IsGiven) throw field.Invalid($"{field.Path} has neither text nor image.");
        if (image.IsGiven) item.AddImage(image);
        if (text.IsGiven) item.AddText(text);
        return item;
    }

    /// <summary>An item as Cohere and Voyage have it: an object with a <c>content</c> of parts.</summary>
    /// <exception cref="ApiException">A part is not what it should be.</exception>
    public static ItemBuilder OfContent(JsonField field)
    {
        ContentMembers.Check(field);
        var item = new ItemBuilder();
        item.AddContent(field["content"]);
        return item;
    }

    /// <summary>Adds an instruction to the one that the request has for all its items.</summary>
    public void AddInstruction(string instruction) => _instructions.Add(instruction);

    /// <summary>Adds what a message or an item of content says: a string, or a list of parts.</summary>
    /// <exception cref="ApiException">A part is not what it should be.</exception>
    public void AddContent(JsonField content)
    {
        if (content.Kind == JsonValueKind.String)
        {
            AddText(content);
            return;
        }
        foreach (var part in content.Elements(MaxParts, "parts")) AddPart(part);
    }

    /// <summary>The item.</summary>
    /// <param name="shared">Role, instruction and reasoning, which the request has for all its items.</param>
    /// <param name="path">The item's place in the request.</param>
    public RequestItem Build(EmbeddingInput shared, string path)
    {
        var instruction = string.Join(' ', _instructions.Prepend(shared.Instruction ?? "").Where(text => text.Length > 0));
        return new RequestItem(shared with { Instruction = instruction }, _parts, path);
    }

    private void AddPart(JsonField part)
    {
        PartMembers.Check(part);
        var type = part["type"];
        switch (type.OptionalText())
        {
            case "text":
                AddText(part["text"]);
                break;
            case "image_url" when part["image_url"] is { Kind: JsonValueKind.Object } image:
                ImageUrlMembers.Check(image);
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

    /// <summary>Adds a text; one that is the data URI of an image is that image.</summary>
    private void AddText(JsonField text)
    {
        if (ImageReference.OfText(text) is { } image) _parts.Add((null, image));
        // An empty text beside something else says nothing, and puts no space anywhere.
        else if (text.Text() is { Length: > 0 } words) _parts.Add((words, null));
    }

    private void AddImage(JsonField image) => _parts.Add((null, ImageReference.Read(image)));
}
