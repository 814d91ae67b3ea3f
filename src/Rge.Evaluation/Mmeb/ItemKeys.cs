using System.Security.Cryptography;
using System.Text.Json;
using Rge.Imaging;

namespace Rge.Evaluation.Mmeb;

/// <summary>Computes the keys under which an embedder's results are cached. Thread-safe.</summary>
/// <param name="model">What all items share: see <see cref="ModelFingerprint"/>, number type, pooling.</param>
/// <param name="generation">How rationales are written; counts only for items that write one.</param>
/// <param name="truncated">What to do with images that end early; counts only for items with images.</param>
public sealed class ItemKeys(string model, GenerationOptions generation, TruncatedImages truncated = TruncatedImages.Refuse)
{
    private readonly string _generation = JsonSerializer.Serialize(generation);

    /// <summary>The key of an item. Reads its images.</summary>
    /// <param name="item">The item.</param>
    /// <param name="reasoning">Whether a rationale is written for it.</param>
    /// <exception cref="ImageInputException">An image cannot be read.</exception>
    public ItemKey Compute(EmbeddingInput item, ReasoningMode reasoning)
    {
        ArgumentNullException.ThrowIfNull(item);
        // Serialised, so that no two different items run together into one text.
        var content = JsonSerializer.SerializeToUtf8Bytes(
            (string?[])
                [
                    model,
                    reasoning == ReasoningMode.Off ? null : _generation,
                    item.Instruction,
                    item.Rationale,
                    item.AllowSpecialTokens ? "special" : null,
                    .. item.Content.SelectMany(part =>
                        part is TextPart text ? (string[])["text", text.Text] : ["image", ((ImagePart)part).Source.ContentDigest()]
                    ),
                    // Without a threshold the two modes are one.
                    .. reasoning == ReasoningMode.Auto && generation.DirectThreshold is not null ? ["auto"] : (string[])[],
                    // What was embedded from a part of an image is not for a call that refuses such images.
                    .. truncated is not TruncatedImages.Refuse && item.Images.Count > 0 ? [$"truncated: {truncated}"] : (string[])[],
                ]
        );
        return new ItemKey(SHA256.HashData(content));
    }
}
