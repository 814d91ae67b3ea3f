using System.Collections.Frozen;
using Rge.Files;
using Rge.Server.Errors;

namespace Rge.Server.Requests;

/// <summary>
/// Reads what requests of all formats have in common. It checks them by what is known of the model and needs no model for it. Immutable.
/// </summary>
internal sealed class RequestReader(ServerLimits limits, ModelDescription model)
{
    private static readonly RequestMembers PixelMembers = new("min_pixels", "max_pixels");

    /// <summary>Names of the modes in requests.</summary>
    public static FrozenDictionary<string, ReasoningMode> Reasoning { get; } =
        FrozenDictionary.Create<string, ReasoningMode>(
            StringComparer.Ordinal,
            new("on", ReasoningMode.On),
            new("auto", ReasoningMode.Auto),
            new("off", ReasoningMode.Off)
        );

    /// <summary>Items of a request.</summary>
    public int MaxItems => limits.MaxItems;

    /// <summary>What the request says of all its items.</summary>
    /// <param name="body">The request.</param>
    /// <param name="implied">The role that its format's own member says.</param>
    /// <exception cref="ApiException">It cannot be understood.</exception>
    public static EmbeddingInput Shared(JsonField body, ItemRole? implied) =>
        new()
        {
            Role = body["role"].Choice(RoleNames.Roles) ?? implied ?? ItemRole.Query,
            Instruction = body["instruction"].Text(null),
            Reasoning = body["reasoning"].Choice(Reasoning),
        };

    /// <summary>The first form of embeddings that is given; a list of numbers where none is.</summary>
    /// <exception cref="ApiException">It is not known.</exception>
    public static VectorEncoding Encoding(params ReadOnlySpan<JsonField> fields)
    {
        foreach (var field in fields)
            if (field.Choice(VectorEncodings.FloatOrBase64) is { } encoding)
                return encoding;
        return VectorEncoding.Float;
    }

    /// <summary>The length that embeddings are cut to.</summary>
    /// <exception cref="ApiException">It is not a length of this model's.</exception>
    public int? Dimensions(JsonField field) => field.OptionalInteger(1, model.Dimensions);

    /// <summary>Reads the items of a request and the members that all formats have.</summary>
    /// <param name="body">The request.</param>
    /// <param name="items">The items and their places, read one after the other.</param>
    /// <param name="shared">What the request says of all of them.</param>
    /// <exception cref="ApiException">The request cannot be understood, exceeds a limit, or is for another model.</exception>
    public EmbeddingRequest Read(JsonField body, IEnumerable<(string Path, ItemBuilder Item)> items, EmbeddingInput shared)
    {
        if (body["model"].Text(null) is { } name)
            model.Require(name);
        CheckPixels(body);
        if (body["mm_processor_kwargs"] is { IsMissing: false } options)
        {
            PixelMembers.Check(options);
            CheckPixels(options);
        }
        RequestItem[] read = [.. items.Select(item => item.Item.Build(shared, item.Path))];
        var images = read.Sum(item => item.Images.Count);
        if (images > limits.MaxImages)
            throw ApiException.Invalid($"The request has {images} images, expected at most {limits.MaxImages}.", param: null, "too_many");
        return new EmbeddingRequest(read)
        {
            MaxRationaleTokens = body["max_rationale_tokens"].OptionalInteger(1, limits.MaxRationaleTokens),
            ReturnRationale = body["return_rationale"].Flag(false),
        };
    }

    /// <summary>The area that images are resized to is the server's; a request may say what it is, but not that it is another.</summary>
    private void CheckPixels(JsonField options)
    {
        foreach (var (name, own) in (ReadOnlySpan<(string, int)>)[("min_pixels", model.MinPixels), ("max_pixels", model.MaxPixels)])
        {
            var field = options[name];
            if (field.OptionalInteger(1, int.MaxValue) is { } asked && asked != own)
            {
                throw field.Invalid(
                    $"{field.Place} is {asked}, but this server resizes images to {name} {own}; that is chosen when it is started.",
                    "unsupported_value"
                );
            }
        }
    }
}
