using Rge.Server.Requests;
using Rge.Server.Serving;

namespace Rge.Server.Answers;

/// <summary>The one place where embeddings become the shapes of answers.</summary>
internal sealed class AnswerWriter(ModelHost host, TimeProvider time)
{
    /// <summary>OpenAI's and Jina's.</summary>
    public EmbeddingList OpenAi(EmbeddingRequest request, IReadOnlyList<ReasoningEmbedding> embeddings) =>
        new(NewId(), time.GetUtcNow().ToUnixTimeSeconds(), host.Model.Name, Items(request, embeddings), Usage(embeddings));

    /// <summary>Cohere's.</summary>
    public static CohereEmbeddings Cohere(EmbeddingRequest request, IReadOnlyList<ReasoningEmbedding> embeddings)
    {
        var byEncoding = request.Encodings.ToDictionary(
            encoding => encoding.Name(), IReadOnlyList<object> (encoding) => [.. embeddings.Select(embedding => encoding.Encode(embedding.Vector))], StringComparer.Ordinal);
        string[] texts = request.Items.All(item => item.Images.Count == 0) ? [.. request.Items.Select(item => item.Text)] : [];
        var images = embeddings.Sum(embedding => embedding.ImageTokens);
        var usage = Usage(embeddings);
        return new CohereEmbeddings(
            NewId(), byEncoding, texts, request.ReturnRationale ? [.. embeddings.Select(embedding => embedding.Rationale)] : null,
            new CohereMeta(new CohereUnits(usage.PromptTokens - images, images)), usage);
    }

    /// <summary>Voyage's.</summary>
    public VoyageEmbeddings Voyage(EmbeddingRequest request, IReadOnlyList<ReasoningEmbedding> embeddings)
    {
        var (usage, images, side) = (Usage(embeddings), embeddings.Sum(embedding => embedding.ImageTokens), (long)host.Model.Embedder.Processor.Images.Config.MergedPatchSide);
        return new VoyageEmbeddings(
            Items(request, embeddings), host.Model.Name, new VoyageUsage(usage.PromptTokens - images, images * side * side, usage.RationaleTokens, usage.TotalTokens));
    }

    /// <summary>A rationale with its embedding.</summary>
    public RationaleAnswer Rationale(EmbeddingRequest request, ReasoningEmbedding embedding)
    {
        var (waiting, prefill, decoding) = embedding.Timings;
        var end = embedding.FinishReason switch { FinishReason.Emb => "emb", FinishReason.Length => "budget", _ => "none" };
        return new RationaleAnswer(
            NewId(), host.Model.Name, embedding.Rationale, end, request.Encodings[0].Encode(embedding.Vector), Usage([embedding]),
            new ItemTimings(waiting.TotalMilliseconds, prefill.TotalMilliseconds, decoding.TotalMilliseconds));
    }

    private static EmbeddingItem[] Items(EmbeddingRequest request, IReadOnlyList<ReasoningEmbedding> embeddings) =>
        [.. embeddings.Select((embedding, i) => new EmbeddingItem(i, request.Encodings[0].Encode(embedding.Vector), request.ReturnRationale ? embedding.Rationale : null))];

    private static TokenUsage Usage(IReadOnlyList<ReasoningEmbedding> embeddings)
    {
        var (read, written) = (embeddings.Sum(embedding => embedding.PromptTokens), embeddings.Sum(embedding => embedding.WrittenTokens));
        return new TokenUsage(read, written, read + written);
    }

    private static string NewId() => $"embd-{Guid.NewGuid():N}";
}
