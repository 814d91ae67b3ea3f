using System.ComponentModel;
using System.Text.Json.Serialization;
using Rge.Server.Answers;

namespace Rge.Server.Apis.Voyage;

/// <summary>Voyage's answer.</summary>
internal sealed record VoyageEmbeddings(IReadOnlyList<EmbeddingItem> Data, string Model, VoyageUsage Usage)
{
    [JsonPropertyOrder(-1)]
    public string Object { get; } = "list";

    /// <summary>Makes the answer.</summary>
    public static VoyageEmbeddings From(EmbeddedRequest result)
    {
        var (usage, images, side) = (result.Usage, result.ImageTokens, (long)result.Model.ImageTokenSide);
        return new VoyageEmbeddings(
            result.Items,
            result.Model.Name,
            new VoyageUsage(usage.PromptTokens - images, images * side * side, usage.RationaleTokens, usage.TotalTokens)
        );
    }
}

/// <summary>What an answer cost, in Voyage's words and one of ours.</summary>
internal sealed record VoyageUsage(
    int TextTokens,
    [property: Description("Pixels that the model was shown, after resizing.")] long ImagePixels,
    [property: Description("Tokens of rationales written.")] int RationaleTokens,
    int TotalTokens
);
