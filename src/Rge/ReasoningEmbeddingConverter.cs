using System.Text.Json;
using System.Text.Json.Serialization;

namespace Rge;

/// <summary>Writes and reads embeddings in one form, whatever the naming and the other settings of the JSON around them are.</summary>
internal sealed class ReasoningEmbeddingConverter : JsonConverter<ReasoningEmbedding>
{
    public override void Write(Utf8JsonWriter writer, ReasoningEmbedding value, JsonSerializerOptions options) => JsonSerializer.Serialize(
        writer,
        new StoredEmbedding
        {
            Vector = value.Vector.ToArray(),
            Rationale = value.Rationale,
            RationaleIds = [.. value.RationaleIds],
            RationaleEnd = value.FinishReason,
            PromptTokens = value.PromptTokens,
            ImageTokens = value.ImageTokens,
            Waiting = value.Timings.Waiting,
            Prefill = value.Timings.Prefill,
            Decoding = value.Timings.Decoding,
        },
        RgeJsonContext.Default.StoredEmbedding);

    public override ReasoningEmbedding? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        JsonSerializer.Deserialize(ref reader, RgeJsonContext.Default.StoredEmbedding) is { } stored
            ? new ReasoningEmbedding
            {
                Vector = stored.Vector,
                Rationale = stored.Rationale,
                RationaleIds = stored.RationaleIds,
                FinishReason = stored.RationaleEnd,
                PromptTokens = stored.PromptTokens,
                ImageTokens = stored.ImageTokens,
                Timings = new DecodeTimings(stored.Waiting, stored.Prefill, stored.Decoding),
            }
            : null;
}
