using Rge.Server.Answers;
using Rge.Server.Apis.Cohere;
using Rge.Server.Apis.OpenAi;
using Rge.Server.Apis.Rge;
using Rge.Server.Apis.Voyage;
using Rge.Server.Requests;

namespace Rge.Server.Tests;

/// <summary>Answers of all formats from embeddings that no model has made.</summary>
public sealed class AnswerTests
{
    private static readonly ReasoningEmbedding Embedding = new()
    {
        Vector = new float[] { 0.6f, -0.8f },
        Rationale = "because",
        RationaleIds = [1, 2, 3],
        FinishReason = FinishReason.Length,
        PromptTokens = 10,
        ImageTokens = 4,
    };

    private static readonly EmbeddedRequest Result = new(
        new EmbeddingRequest([new RequestItem(new EmbeddingInput(), [("a", null)], "texts[0]")]) { ReturnRationale = true },
        [Embedding],
        new ModelDescription(["model", "alias"], Dimensions: 2, MinPixels: 1, MaxPixels: 2, ImageTokenSide: 28),
        DateTimeOffset.FromUnixTimeSeconds(7)
    );

    [Fact]
    public void OpenAis()
    {
        var answer = EmbeddingList.From(Result);
        Assert.Equal(("list", "model", 7, new TokenUsage(10, 3, 13)), (answer.Object, answer.Model, answer.Created, answer.Usage));
        Assert.Equal((0, "because"), (answer.Data[0].Index, answer.Data[0].Rationale));
        Assert.StartsWith("embd-", answer.Id, StringComparison.Ordinal);
    }

    [Fact]
    public void Coheres_has_every_form_asked_for()
    {
        var answer = CohereEmbeddings.From(
            Result with
            {
                Request = Result.Request with { Encodings = [VectorEncoding.Int8, VectorEncoding.Ubinary] },
            }
        );
        Assert.Equal(["int8", "ubinary"], answer.Embeddings.Keys);
        Assert.Equal([95, -127], (int[])answer.Embeddings["int8"][0]);
        Assert.Equal((new CohereUnits(6, 4), "a", "because"), (answer.Meta.BilledUnits, answer.Texts[0], answer.Rationales![0]));
    }

    [Fact]
    public void Voyages_counts_pixels() => Assert.Equal(new VoyageUsage(6, 4 * 28 * 28, 3, 13), VoyageEmbeddings.From(Result).Usage);

    [Theory]
    [InlineData(FinishReason.Emb, "emb")]
    [InlineData(FinishReason.Length, "budget")]
    [InlineData(FinishReason.NotGenerated, "none")]
    public void A_rationales_says_why_it_ended(FinishReason end, string name) =>
        Assert.Equal(name, RationaleAnswer.From(Result with { Embeddings = [Embedding with { FinishReason = end }] }).RationaleEnd);
}
