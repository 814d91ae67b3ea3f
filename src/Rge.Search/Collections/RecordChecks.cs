using System.Buffers.Text;
using System.Numerics.Tensors;
using System.Text.Json;

namespace Rge.Search.Collections;

/// <summary>
/// Tells records that are not what this library writes, as a damaged store has them. Each problem is the end of a sentence that begins
/// with the record.
/// </summary>
internal static class RecordChecks
{
    /// <param name="record">The record.</param>
    /// <param name="dimensions">Values of its vector; <see langword="null"/> where it came without one.</param>
    public static string? Problem(SearchRecord record, int? dimensions) =>
        string.IsNullOrEmpty(record.Id) ? "has no id"
        : !Enum.TryParse<ItemKind>(record.Kind, out var kind) || kind.ToString() != record.Kind
            ? $"has the kind '{record.Kind}', which there is not"
        : record.Tags is null || record.Tags.Contains(null!) ? "has metadata that are no list of texts"
        : dimensions is not { } expected ? null
        : record.Vector.Length != expected ? $"has a vector of {record.Vector.Length} dimensions, expected {expected}"
        : TensorPrimitives.Norm(record.Vector.Span) is var norm && (!float.IsFinite(norm) || norm == 0)
            ? $"has a vector of the length {norm}"
        : null;

    public static string? Problem(ThumbnailRecord record) =>
        record.Jpeg is null || !Base64.IsValid(record.Jpeg) ? "is no image in base64" : null;

    public static string? Problem(CatalogRecord record)
    {
        try
        {
            var identity = JsonSerializer.Deserialize<CollectionIdentity>(record.Identity ?? "", SearchCollections.Json);
            return identity is { Model: not null, Fingerprint: not null, Dimensions: > 0 } && Enum.IsDefined(identity.Index)
                && Enum.IsDefined(identity.Reasoning) ? null : "does not say what the collection was made with";
        }
        catch (JsonException e)
        {
            return $"does not say what the collection was made with ({e.Message.TrimEnd('.')})";
        }
    }
}
