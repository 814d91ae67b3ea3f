using System.ComponentModel;
using System.Text.Json.Serialization;
using Rge.Server.Answers;

namespace Rge.Server.Apis.Rge;

/// <summary>A rationale and the embedding taken after it.</summary>
internal sealed record RationaleAnswer(
    string Id,
    string Model,
    [property: Description("The rationale, written or given; missing where there was no reasoning.")] string? Rationale,
    [property: Description("Why it ended: emb, the model ended it; budget, it had reached its longest; none, nothing was written.")]
        string RationaleEnd,
    [property: Description("The embedding, of length 1: a list of numbers, or base64 of little-endian float32.")] object Embedding,
    TokenUsage Usage,
    ItemTimings Timings
)
{
    [JsonPropertyOrder(-1)]
    public string Object { get; } = "rationale";

    /// <summary>Makes the answer.</summary>
    /// <param name="result">The result of one item.</param>
    public static RationaleAnswer From(EmbeddedRequest result)
    {
        var embedding = result.Embeddings[0];
        var (waiting, prefill, decoding) = embedding.Timings;
        return new RationaleAnswer(
            result.Id,
            result.Model.Name,
            embedding.Rationale,
            NameOf(embedding.FinishReason),
            result.Items[0].Embedding,
            result.Usage,
            new ItemTimings(waiting.TotalMilliseconds, prefill.TotalMilliseconds, decoding.TotalMilliseconds)
        );
    }

    private static string NameOf(FinishReason reason) =>
        reason switch
        {
            FinishReason.Emb => "emb",
            FinishReason.Length => "budget",
            FinishReason.EndOfTurn => "turn",
            _ => "none",
        };
}

/// <summary>Where the time of an item went. Steps are shared with the items beside it, so times of items do not add up.</summary>
internal sealed record ItemTimings(
    [property: Description("Milliseconds until its prompt was read.")] double WaitingMs,
    [property: Description("Milliseconds of reading the prompt, images included.")] double PrefillMs,
    [property: Description("Milliseconds of writing the rationale.")] double DecodingMs
);
